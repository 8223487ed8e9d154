// Change sets from outside: calls of an API client, numbers and people for a set, waiting for its end, the state to compare.

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The text of an answer; what is no success is thrown with its status. */
async function success(what, answer) {
  const text = await answer.text();
  if (!answer.ok) throw Object.assign(new Error(`${what}: ${answer.status} ${text.slice(0, 500)}`), { status: answer.status });
  return text;
}

/** Calls of one API client. `down`: what fails while the server is away is tried again for so many ms. */
export function caller(url, client, down = 0) {
  let token;
  let until = 0;
  const once = async (method, path, body) => {
    if (Date.now() > until) {
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret });
      const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: form });
      token = JSON.parse(await success('POST /oauth/token', answer)).access_token;
      until = Date.now() + 300_000;
    }
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    });
    const text = await success(`${method} ${path}`, answer);
    return text && JSON.parse(text);
  };
  return async (method, path, body) => {
    for (const end = Date.now() + down; ; await sleep(200)) {
      try {
        return await once(method, path, body);
      } catch (error) {
        if (Date.now() > end || (error.status && error.status < 500)) throw error;
      }
    }
  };
}

/** All pages of a list. */
export async function everything(call, path) {
  const rows = [];
  for (let cursor = ''; ; ) {
    const page = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    rows.push(...page.data);
    if (!page.next_cursor) return rows;
    cursor = page.next_cursor;
  }
}

/** Ranges that are kept for fiction, a thousand numbers each; the demo's own are in some of them. */
const RANGES = ['114496', '115496', '116496', '117496', '118496', '121496', '131496', '141496', '151496', '161496', '191498', '113496'];

/** Puts `count` numbers in stock at the operator, at most about 11,000; gives them. */
export async function provide(operator, tenantId, count) {
  const names = [];
  for (const range of RANGES) {
    const wanted = Array.from({ length: Math.min(1000, count - names.length) }, (_, i) => `+44${range}${String(i).padStart(4, '0')}`);
    if (wanted.length === 0) break;
    const numbers = wanted.map((e164) => ({ e164, tenant_id: tenantId, usage: 'user', confirm_unlisted: true }));
    const order = await operator('POST', '/numbers', { numbers });
    for (let state = order; !['succeeded', 'partial', 'failed'].includes(state.state); await sleep(200)) state = await operator('GET', `/orders/${order.id}`);
    const rejected = await everything(operator, `/orders/${order.id}/rows?outcome=rejected`);
    const other = rejected.find((row) => row.code !== 'already_provisioned');
    if (other) throw new Error(`${rejected.length} numbers were not taken, such as ${JSON.stringify(other)}`);
    const taken = new Set(rejected.map((row) => row.e164));
    names.push(...wanted.filter((e164) => !taken.has(e164)));
  }
  if (names.length < count) throw new Error(`${names.length} numbers are free, ${count} are needed`);
  return names;
}

/** Adds `count` people who may have a number; gives their ids. */
export async function people(platform, tenantId, count) {
  const ids = Array.from({ length: count }, (_, i) => `bench-${String(i).padStart(5, '0')}`);
  for (let from = 0; from < count; from += 2000) {
    const targets = ids.slice(from, from + 2000).map((id) => ({
      id, kind: 'user', display_name: `Robin Example ${id.slice(6)}`, upn: `${id}@harrow.example`, usage_location: 'GB', licensed: true, department: null,
    }));
    await platform('PUT', `/platform/tenants/${tenantId}/targets?mode=merge`, { targets });
  }
  return ids;
}

/** The set once it is at rest. */
export async function atRest(call, id, patienceMs, every = 100) {
  for (const end = Date.now() + patienceMs; ; await sleep(every)) {
    const set = await call('GET', `/tenant/change-sets/${id}`);
    if (set.state !== 'running') return set;
    if (Date.now() > end) throw new Error(`not at rest after ${patienceMs / 1000} s: ${JSON.stringify(set)}`);
  }
}

/** What an undo puts back of these numbers, one text each. */
export async function stateOf(call, names) {
  const wanted = new Set(names);
  const lines = (await everything(call, `/tenant/numbers?q=${encodeURIComponent('+441')}`)).filter((line) => wanted.has(line.e164));
  return new Map(lines.map((line) => {
    const { activation_state: _a, pending_since: _p, number_seq: _n, version: _v, changed_at: _c, ...kept } = line;
    return [line.e164, JSON.stringify(kept)];
  }));
}

/** mulberry32: random numbers from a seed. */
export function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
