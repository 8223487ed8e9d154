// Step 1 in bulk: numbers are provided, assigned and unassigned through the API, and each change reaches the operator.
//   node bench/campaign-numbers.mjs [--short] [--count N]
// 2,000 numbers (--short: 100) on a demo server of its own. The receiver is a process of its own that knows Concord only by the
// standard webhooks library, and fails the first try of every tenth event. Then it is proved, from outside alone, that nothing
// was lost, doubled, reordered or unaccounted for. Prints one line a proof; ends with 1 when one does not hold.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemo } from '../helpers/server.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false }, count: { type: 'string' } } });
const COUNT = Number(flags.count ?? (flags.short ? 100 : 2_000));
const LANES = 8;
const PATIENCE_S = 60 + COUNT * 0.3;
// Ranges that are kept for fiction, a thousand numbers each; the demo's own are in others.
const RANGES = ['+44114496', '+44116496', '+44117496', '+44118496', '+44121496'];

let held = 0;
let broken = 0;
/** One line: what is claimed, and what speaks against it. */
function prove(claim, against) {
  const list = [against].flat().filter((one) => one !== undefined);
  if (list.length === 0) held += 1;
  else broken += 1;
  console.log(`${list.length === 0 ? 'holds ' : 'BROKEN'} ${claim}${list.length ? `: ${list.length} against it, such as ${JSON.stringify(list[0]).slice(0, 400)}` : ''}`);
}
const differs = (what, is, should) => (is === should ? undefined : `${what} ${is} in place of ${should}`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Calls of one API client; refuses any answer that is not a success. */
function caller(url, client) {
  let token;
  let until = 0;
  return async (method, path, body) => {
    if (Date.now() > until) {
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret });
      token = (await (await fetch(`${url}/oauth/token`, { method: 'POST', body: form })).json()).access_token;
      until = Date.now() + 300_000;
    }
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  };
}

async function startReceiver() {
  const script = fileURLToPath(new URL('../helpers/receiver.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line).url));
    child.once('exit', (code) => fail(new Error(`the receiver ended with ${code}`)));
  });
  return {
    hook: `${url}/hook`,
    control: (change) => fetch(`${url}/control`, { method: 'POST', body: JSON.stringify(change) }),
    all: async () => (await fetch(`${url}/events`)).json(),
    stop: () => child.kill(),
  };
}

/** All pages of a list. */
async function everything(call, path) {
  const rows = [];
  for (let cursor = ''; ; ) {
    const page = await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    rows.push(...page.data);
    if (!page.next_cursor) return rows;
    cursor = page.next_cursor;
  }
}

/** The operator's endpoint is the receiver, and nothing else. */
async function connect(operator, receiver) {
  for (const { id } of (await operator('GET', '/endpoints')).data) await operator('DELETE', `/endpoints/${id}`);
  const made = await operator('POST', '/endpoints', { url: receiver.hook, description: 'campaign', signature: 'v1', event_types: [], max_in_flight: LANES, confirms: true });
  await receiver.control({ secret: made.secret, forget: true });
  await operator('POST', `/endpoints/${made.id}/verify`);
  await receiver.control({ forget: true, fail_share: 0.1, status: 503 });
}

async function provide(operator, tenantId) {
  const names = Array.from({ length: COUNT }, (_, i) => `${RANGES[Math.floor(i / 1000)]}${String(i % 1000).padStart(4, '0')}`);
  for (let from = 0; from < COUNT; from += 1000) {
    const numbers = names.slice(from, from + 1000).map((e164) => ({ e164, tenant_id: tenantId, usage: 'user' }));
    const order = await operator('POST', '/numbers', { numbers });
    for (let state = order; !['succeeded', 'partial', 'failed'].includes(state.state); await sleep(200)) state = await operator('GET', `/orders/${order.id}`);
    const rejected = await everything(operator, `/orders/${order.id}/rows?outcome=rejected`);
    if (rejected.length) throw new Error(`${rejected.length} numbers were not taken: ${JSON.stringify(rejected[0])}`);
  }
  return names;
}

/** Each number to somebody and back, in several lanes at once; a person is in one lane only. */
async function change(tenant, names, people) {
  const left = [...names];
  const lane = async (person) => {
    for (let e164 = left.shift(); e164; e164 = left.shift()) {
      await tenant('POST', `/tenant/numbers/${e164}/assign`, { target_id: person.id });
      await tenant('POST', `/tenant/numbers/${e164}/unassign`, { quarantine_days: 0 });
    }
  };
  await Promise.all(people.slice(0, LANES).map(lane));
}

/** The feed from `after` on, as an operator reads it. */
async function pull(operator, after) {
  const events = [];
  for (let last = after; ; ) {
    const page = await operator('GET', `/events?after=${last}&limit=1000`);
    if (page.data.length === 0) return { events, head: page.head_seq };
    events.push(...page.data);
    last = page.last_seq;
  }
}

/** Per number: what was accepted, in the order of its arrival, must be its changes in theirs, and no later one may come before. */
function outOfOrder(messages) {
  const wrong = [];
  const done = new Map();
  for (const { status, body } of messages) {
    const { e164 } = body.data;
    const before = done.get(e164) ?? 0;
    if (body.number_seq > before + 1) wrong.push({ e164, came: body.number_seq, accepted: before });
    if (status < 300) done.set(e164, Math.max(before, body.number_seq));
  }
  return wrong;
}

async function run(server, receiver) {
  const { demo, url } = server;
  const org = (kind, slug) => demo[`${kind}s`].find((one) => one.slug === slug).id;
  const api = (id) => caller(url, demo.api_clients.find((one) => one.org_id === id));
  const [harrow, albion] = [org('tenant', 'harrow'), org('operator', 'albion')];
  const [tenant, operator] = [api(harrow), api(albion)];

  await connect(operator, receiver);
  const { head_seq: before } = await operator('GET', '/events?after=0&limit=1&type=number.assigned');
  const began = new Date(Date.now() - 1000).toISOString();
  const names = await provide(operator, harrow);
  const people = (await everything(tenant, '/tenant/targets?kind=user')).filter((one) => one.licensed && one.usage_location === 'GB' && !one.numbers);
  if (people.length < LANES) throw new Error(`${people.length} people are free, ${LANES} are needed`);
  const started = Date.now();
  await change(tenant, names, people);
  console.log(`${2 * COUNT} changes in ${((Date.now() - started) / 1000).toFixed(1)} s`);

  const ours = new Set(names);
  const isOurs = (body) => ours.has(body.data?.e164) && ['number.assigned', 'number.unassigned'].includes(body.type);
  const accepted = (all) => new Set(all.filter((one) => one.status < 300 && isOurs(one.body)).map((one) => one.id)).size;
  let arrived = await receiver.all();
  while (accepted(arrived) < 2 * COUNT && Date.now() - started < PATIENCE_S * 1000) {
    await sleep(1000);
    arrived = await receiver.all();
  }
  console.log(`received by ${((Date.now() - started) / 1000).toFixed(1)} s: ${arrived.length} messages, of which ${arrived.filter((one) => one.status === 503).length} failed on purpose`);
  judge(arrived, isOurs, await pull(operator, before), before);
  await judgeRegister(operator, arrived.filter((one) => isOurs(one.body)), began, harrow);
  const states = await everything(tenant, `/tenant/numbers?q=${encodeURIComponent('+441')}`);
  const ended = states.filter((one) => ours.has(one.e164) && one.assignment_status === 'unassigned' && one.number_seq === 2);
  prove('every number ended free, at its second change', differs('numbers', ended.length, COUNT));
}

function judge(arrived, isOurs, feed, before) {
  const pushed = arrived.filter((one) => isOurs(one.body));
  const wanted = feed.events.filter(isOurs);
  const taken = new Map(pushed.filter((one) => one.status < 300).map((one) => [one.id, one.body]));
  const changes = new Set(wanted.map(({ type, number_seq, data }) => `${data.e164} ${number_seq} ${type}`));
  prove('the feed holds each change once', [differs('events', wanted.length, 2 * COUNT), differs('changes', changes.size, 2 * COUNT)]);
  prove('the feed has no gap and no double', feed.events.filter((one, i) => one.seq !== before + 1 + i).map((one) => one.seq));
  prove('the feed ends at its head', differs('last', feed.events.at(-1)?.seq, feed.head));
  prove('every event was received', wanted.filter((one) => !taken.has(one.id)).map((one) => one.id));
  prove('push and pull hand over the same', wanted.filter((one) => taken.has(one.id) && JSON.stringify(taken.get(one.id)) !== JSON.stringify(one)).map((one) => one.id));
  prove('every message is verified by the standard library', arrived.filter((one) => !one.verified).map((one) => one.reason));
  prove('the events of a number came in its order', outOfOrder(pushed));
  const failed = pushed.filter((one) => one.status === 503).length;
  // Each fails by chance, so few failures of many are possible: five standard deviations of a binomial count are not.
  const deviation = Math.sqrt(2 * COUNT * 0.1 * 0.9);
  prove('about a tenth failed at the first try', Math.abs(failed - 2 * COUNT * 0.1) < 5 * deviation ? undefined : `${failed} of ${2 * COUNT}`);
}

/** The register against what arrived: an entry for each attempt, and exactly one confirmed for each that was accepted. */
async function judgeRegister(operator, pushed, began, tenantId) {
  const count = (list, key) => list.reduce((sum, one) => sum.set(key(one), (sum.get(key(one)) ?? 0) + 1), new Map());
  const accepted = count(pushed.filter((one) => one.status < 300), (one) => one.id);
  const attempts = count(pushed, (one) => one.id);
  let push = [];
  // What was just answered is written within moments.
  for (let tries = 0; tries < 20; tries += 1) {
    const rows = await everything(operator, `/transfers?from=${encodeURIComponent(began)}&tenant_id=${tenantId}`);
    push = rows.filter((one) => one.channel === 'push' && attempts.has(one.ref));
    if (push.filter((one) => one.state === 'confirmed').length >= [...accepted.values()].reduce((a, b) => a + b, 0)) break;
    await sleep(500);
  }
  const confirmed = count(push.filter((one) => one.state === 'confirmed'), (one) => one.ref);
  // One that was claimed ahead and given back never left: its entry says failed.
  const entries = count(push.filter((one) => one.state !== 'failed'), (one) => one.ref);
  const unlike = (is, should) => [...new Set([...is.keys(), ...should.keys()])].filter((id) => is.get(id) !== should.get(id)).map((id) => `${id}: ${is.get(id) ?? 0} in place of ${should.get(id) ?? 0}`);
  prove('the register has exactly one confirmed push for each attempt that was accepted', unlike(confirmed, accepted));
  prove('the register has one push that left for each attempt', unlike(entries, attempts));
  const { ok, problems } = await operator('GET', '/transfers/verify');
  prove('the register verifies', ok ? undefined : problems);
}

const server = await startDemo({ own: true, args: ['--rate-limit', '1000000', '--quiet-operator', '--scale', '0.2'] });
let receiver;
try {
  receiver = await startReceiver();
  await run(server, receiver);
} finally {
  receiver?.stop();
  await server.stop();
}
console.log(`${held} hold, ${broken} broken`);
process.exitCode = broken === 0 ? 0 : 1;
