// The machine API as operators' and tenants' systems use it. On a server of its own without the simulated operator, so that
// nothing happens to an event but what is done here.
import { expect, test } from '@playwright/test';
import type { Demo } from '../helpers';
import { Api, askToken, freeNumber, freePerson, until, type NumberLine, type Target } from '../helpers/api';
import { startDemo } from '../helpers/server.mjs';

interface Event {
  id: string;
  type: string;
  seq: number;
  number_seq: number;
  tenant_id: string;
  data: { e164: string; sip_uri: string; activation_state: string };
}
interface Feed {
  data: Event[];
  last_seq: number;
  head_seq: number;
}

let server: Awaited<ReturnType<typeof startDemo>>;
let demo: Demo;
let harrow: Api;
let albion: Api;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  test.setTimeout(240_000);
  server = await startDemo({ own: true, args: ['--quiet-operator', '--scale', '0.2'] });
  demo = server.demo as Demo;
  harrow = Api.of(demo, 'tenant', 'harrow');
  albion = Api.of(demo, 'operator', 'albion');
});
test.afterAll(() => server?.stop());

/** A number and a person for each test. */
async function pair(): Promise<{ number: NumberLine; person: Target }> {
  return { number: await freeNumber(harrow, '+44'), person: await freePerson(harrow, 'GB') };
}
const assign = (number: NumberLine, person: Target, headers: Record<string, string> = {}) =>
  harrow.post(`/tenant/numbers/${number.e164}/assign`, { target_id: person.id }, { headers });
const read = (e164: string) => harrow.ok<NumberLine>('GET', `/tenant/numbers/${e164}`);

test('tokens: by form and by Basic, only for scopes one has, never without a secret', async () => {
  const { client_id: id, client_secret: secret } = albion.client;
  const good = await askToken(server.url, id, secret);
  expect(good.status).toBe(200);
  expect(good.body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
  expect(good.headers.get('cache-control')).toBe('no-store');
  const basic = await fetch(`${server.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'events:read' }),
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
  });
  expect((await basic.json()).scope).toBe('events:read');
  const wrong = await askToken(server.url, id, 'not it');
  expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
  const beyond = await askToken(server.url, id, secret, { scope: 'tenant:assign' });
  expect([beyond.status, beyond.body.error]).toEqual([400, 'invalid_scope']);
  const odd = await askToken(server.url, id, secret, { grant_type: 'password' });
  expect([odd.status, odd.body.error]).toEqual([400, 'unsupported_grant_type']);
  const me = await albion.get('/me');
  expect(me.body).toMatchObject({ operator: { slug: 'albion' } });
});

test('assigned by call, pending until the feed is acknowledged, then activated', async () => {
  const { number, person } = await pair();
  const { head_seq: before } = await albion.ok<Feed>('GET', '/events?after=0&limit=1');
  const answer = await assign(number, person);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body).toMatchObject({ e164: number.e164, activation_state: 'assignment_pending', number_seq: number.number_seq + 1 });
  expect(answer.headers.get('etag')).toBeTruthy();

  // A long poll answers as soon as it is sealed.
  const feed = await albion.ok<Feed>('GET', `/events?after=${before}&wait=10`);
  const event = feed.data.find((one) => one.data.e164 === number.e164);
  expect(event).toMatchObject({ type: 'number.assigned', number_seq: number.number_seq + 1, data: { sip_uri: `sip:${number.e164}@harrow.sip.example;user=phone` } });
  expect(JSON.stringify(event)).not.toContain(person.display_name);
  expect((await read(number.e164)).activation_state, 'read is not acknowledged').toBe('assignment_pending');

  // A filtered call acknowledges nothing.
  await albion.ok<Feed>('GET', `/events?after=${feed.last_seq}&type=number.assigned`);
  expect((await read(number.e164)).activation_state).toBe('assignment_pending');

  await albion.ok<Feed>('GET', `/events?after=${event?.seq}`);
  await until(() => read(number.e164), (line) => line.activation_state === 'activated', 'activation');

  const timeline = await harrow.ok<{ data: { kind: string }[] }>('GET', `/tenant/numbers/${number.e164}/timeline`);
  expect(timeline.data.map((moment) => moment.kind)).toEqual(expect.arrayContaining(['assigned', 'activated']));
  const mine = await albion.ok('GET', `/numbers/${number.e164}`);
  expect(mine).toMatchObject({ assigned: true, sip_uri: `sip:${number.e164}@harrow.sip.example;user=phone` });
  expect(JSON.stringify(mine)).not.toContain(person.display_name);
});

test('the feed has no gap and no double, in any page size', async () => {
  const all = await albion.ok<Feed>('GET', '/events?after=0&limit=1000&type=number.assigned,number.unassigned');
  const seqs: number[] = [];
  for (let after = 0; ; ) {
    const page = await albion.ok<Feed>('GET', `/events?after=${after}&limit=3`);
    if (page.data.length === 0) break;
    seqs.push(...page.data.map((one) => one.seq));
    after = page.last_seq;
    if (seqs.length > 60) break;
  }
  expect(seqs).toEqual(Array.from(seqs, (_, i) => seqs[0] + i));
  expect(all.head_seq).toBeGreaterThanOrEqual(seqs.at(-1) ?? 0);
});

test('an operator refuses what it cannot serve; an older step is not refused any more', async () => {
  const { number, person } = await pair();
  const assigned = await assign(number, person);
  const stale = await albion.post(`/numbers/${number.e164}/refuse`, { seq: number.number_seq, code: 'no_capacity', reason: 'No line free.' });
  expect([stale.status, stale.body.code], stale.text).toEqual([409, 'seq_stale']);
  const refused = await albion.post(`/numbers/${number.e164}/refuse`, { seq: assigned.body.number_seq, code: 'no_capacity', reason: 'No line free.' });
  expect(refused.status, refused.text).toBe(200);
  expect((await read(number.e164)).activation_state).toBe('assignment_failed');
});

test('typed refusals carry a code, the field and a way to mend it', async () => {
  const { number, person } = await pair();
  const cases: [string, unknown, number, string][] = [
    [`/tenant/numbers/${number.e164}/assign`, { target_id: 'nobody-at-all' }, 422, 'target_unknown'],
    [`/tenant/numbers/+442079460999/assign`, { target_id: person.id }, 404, 'number_not_found'],
    [`/tenant/numbers/${number.e164}/unassign`, {}, 422, 'not_assigned'],
  ];
  const foreign = (await Api.of(demo, 'tenant', 'contoso').ok<{ data: NumberLine[] }>('GET', '/tenant/numbers?limit=1')).data[0];
  cases.push([`/tenant/numbers/${foreign.e164}/assign`, { target_id: person.id }, 404, 'number_not_found']);
  for (const [path, body, status, code] of cases) {
    const answer = await harrow.post(path, body);
    expect([answer.status, answer.body?.code], `${path}: ${answer.text}`).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ type: expect.any(String), title: expect.any(String), status, detail: expect.any(String), request_id: expect.any(String) });
    if (status === 422) expect(answer.body.errors[0]).toMatchObject({ field: expect.any(String), code, fix: expect.stringMatching(/\w/) });
  }
});

test('If-Match lets only the version through that was read', async () => {
  const { number, person } = await pair();
  const one = await harrow.get(`/tenant/numbers/${number.e164}`);
  const tag = one.headers.get('etag') ?? '';
  const stale = await assign(number, person, { 'if-match': '"9999"' });
  expect([stale.status, (await read(number.e164)).assignment_status], stale.text).toEqual([412, 'unassigned']);
  const fits = await assign(number, person, { 'if-match': tag });
  expect(fits.status, fits.text).toBe(200);
  const again = await harrow.post(`/tenant/numbers/${number.e164}/unassign`, {}, { headers: { 'if-match': tag } });
  expect(again.status, again.text).toBe(412);
  const odd = await assign(number, person, { 'if-match': 'no tag' });
  expect(odd.status, odd.text).toBe(400);
});

test('Idempotency-Key: the same call is answered from memory, another body is refused', async () => {
  const { number, person } = await pair();
  const key = { 'idempotency-key': `assign-${number.e164}` };
  const [first, second] = [await assign(number, person, key), await assign(number, person, key)];
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.text).toBe(first.text);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  const other = await harrow.post(`/tenant/numbers/${number.e164}/assign`, { target_id: 'another' }, { headers: key });
  expect([other.status, other.body.code], other.text).toEqual([422, 'idempotency_mismatch']);
  // At the same time too: one effect, and no answer but the same or "in flight".
  const next = await pair();
  const together = await Promise.all([1, 2, 3, 4].map(() => assign(next.number, next.person, { 'idempotency-key': `together-${next.number.e164}` })));
  for (const answer of together) expect([200, 409], answer.text).toContain(answer.status);
  expect((await read(next.number.e164)).number_seq).toBe(next.number.number_seq + 1);
});

test('the usual refusals have their status, their code and what mends them', async () => {
  const { number } = await pair();
  const path = `/tenant/numbers/${number.e164}/assign`;
  const none = await harrow.post(path, {}, { token: null });
  expect([none.status, none.body.code]).toEqual([401, 'token_missing']);
  expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/);
  const wrong = await harrow.post(path, {}, { token: 'nonsense' });
  expect([wrong.status, wrong.body.code]).toEqual([401, 'token_invalid']);
  // Without a token nobody learns what exists.
  expect((await harrow.get('/no/such/call', { token: null })).status).toBe(401);
  const missing = await harrow.get('/no/such/call');
  expect(missing.status).toBe(404);
  const kind = await albion.post(path, {});
  expect([kind.status, kind.body.code]).toEqual([403, 'wrong_org_kind']);
  const reverse = await harrow.get('/events?after=0');
  expect([reverse.status, reverse.body.code]).toEqual([403, 'wrong_org_kind']);
  const narrow = await askToken(server.url, harrow.client.client_id, harrow.client.client_secret, { scope: 'tenant:read' });
  const scope = await harrow.post(path, {}, { token: narrow.body.access_token });
  expect([scope.status, scope.body.code]).toEqual([403, 'scope_missing']);
  const method = await harrow.call('DELETE', path);
  expect(method.status).toBe(405);
  expect(method.headers.get('allow')).toContain('POST');
  expect(method.body.code).toBeTruthy();
  const media = await harrow.call('POST', path, { raw: 'target_id=1', headers: { 'content-type': 'text/plain' } });
  expect([media.status, media.body.code]).toEqual([415, 'content_type_unsupported']);
  const large = await harrow.call('POST', path, { raw: JSON.stringify({ target_id: 'x'.repeat(1_100_000) }), headers: { 'content-type': 'application/json' } });
  expect([large.status, large.body.code]).toEqual([413, 'body_too_large']);
  for (const raw of ['{', '[]', '{"target_id":7}', '{}', 'null', '"\\u0000"']) {
    const answer = await harrow.call('POST', path, { raw, headers: { 'content-type': 'application/json' } });
    expect([400, 422], `${raw}: ${answer.text}`).toContain(answer.status);
  }
  for (const query of ['limit=0', 'limit=x', 'limit=1001', 'cursor=nonsense', 'state=nonsense', 'country=xyz', 'changed_since=yesterday']) {
    const answer = await harrow.get(`/tenant/numbers?${query}`);
    expect([400, 422], `${query}: ${answer.text}`).toContain(answer.status);
  }
  const accept = await harrow.get('/tenant/numbers?limit=1', { headers: { accept: 'image/png' } });
  expect(accept.status).toBe(406);
  expect((await read(number.e164)).assignment_status, 'nothing of this changed anything').toBe('unassigned');
});

test('lists page without a gap or a double, as JSON, NDJSON and CSV', async () => {
  const seen: string[] = [];
  for (let path: string | null = '/tenant/numbers?limit=7&q=%2B4411'; path; ) {
    const page: { status: number; headers: Headers; body: { data: NumberLine[]; next_cursor: string | null; has_more: boolean } } = await harrow.get(path);
    seen.push(...page.body.data.map((line) => line.e164));
    expect(page.body.has_more).toBe(page.body.next_cursor !== null);
    if (page.body.next_cursor) expect(page.headers.get('link')).toContain('rel="next"');
    path = page.body.next_cursor ? `/tenant/numbers?limit=7&q=%2B4411&cursor=${encodeURIComponent(page.body.next_cursor)}` : null;
  }
  expect(new Set(seen).size).toBe(seen.length);
  const whole = await harrow.ok<{ data: NumberLine[] }>('GET', '/tenant/numbers?limit=1000&q=%2B4411');
  expect(seen).toEqual(whole.data.map((line) => line.e164));
  const ndjson = await harrow.get('/tenant/numbers?limit=1000&q=%2B4411', { headers: { accept: 'application/x-ndjson' } });
  expect(ndjson.text.trim().split('\n').map((line) => JSON.parse(line).e164)).toEqual(seen);
  const csv = await harrow.get('/tenant/numbers?limit=1000&q=%2B4411', { headers: { accept: 'text/csv' } });
  expect(csv.text.trim().split('\r\n').slice(1).map((line) => line.split(',')[0])).toEqual(seen);
});

test('an operator provides numbers: good rows go in, bad ones are listed, checking changes nothing', async () => {
  const body = {
    numbers: [
      { e164: '+441134960990', tenant_id: harrow.client.org_id, usage: 'user' },
      { e164: '+44', tenant_id: harrow.client.org_id, usage: 'user' },
      { e164: '+441134960991', tenant_id: harrow.client.org_id, usage: 'nonsense' },
    ],
  };
  const checked = await albion.post('/numbers/precheck', body);
  expect(checked.body, checked.text).toMatchObject({ accepted: 1, rejected: 2 });
  expect((await albion.get('/numbers/+441134960990')).status).toBe(404);
  const order = await albion.post('/numbers', body);
  expect(order.status, order.text).toBe(202);
  expect(order.headers.get('location')).toMatch(/\/orders\//);
  const rows = await albion.ok<{ data: { row: number; code: string; fix: string }[] }>('GET', `${order.headers.get('location')?.replace('/api/v1', '')}/rows?outcome=rejected`);
  expect(rows.data.map((row) => [row.row, row.code])).toEqual([[2, 'e164_invalid'], [3, 'usage_invalid']]);
  for (const row of rows.data) expect(row.fix).toMatch(/\w/);
  expect((await read('+441134960990')).assignment_status).toBe('unassigned');
  const released = await albion.post('/numbers/release', { numbers: ['+441134960990'] });
  expect(released.status, released.text).toBe(202);
  expect((await harrow.get('/tenant/numbers/+441134960990')).status).toBe(404);
});

interface Receipt {
  id: string;
  state: string;
  rows: number;
  accepted: number;
  duplicate: number;
  rejected: number;
  sha256: string;
}
interface CallLine {
  id: string;
  call_id: string;
  tenant_id: string;
  talk_ms: number;
  processed_at: string;
}
/** Sends NDJSON and waits for the receipt. */
const sendLines = (api: Api, path: string, rows: unknown[]) =>
  api.call<Receipt>('POST', path, { raw: rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'), headers: { 'content-type': 'application/x-ndjson', prefer: 'wait' } });
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

test('call records: every row has its verdict, a bad one fails nothing, the same again changes nothing', async () => {
  const platform = Api.of(demo, 'platform');
  const { number } = await pair();
  const good = {
    call_id: `machine-${Date.now()}`, tenant_id: harrow.client.org_id, operator_id: albion.client.org_id, direction: 'inbound', caller: '+13125550142', callee: number.e164, e164: number.e164,
    invited_at: secondsAgo(95), answered_at: secondsAgo(90), ended_at: secondsAgo(30), talk_ms: 60_000, sip_code: 200,
  };
  const bad = [{ ...good, call_id: 'b1', e164: 'none' }, { ...good, call_id: 'b2', nonsense: 1 }, '{"call_id": ', { ...good, call_id: 'b3', tenant_id: '01a20dd2-ec6c-709f-85f8-793454b55c95' }];
  const first = await sendLines(platform, '/platform/call-records', [good, ...bad]);
  expect([200, 202], first.text).toContain(first.status);
  expect(first.body).toMatchObject({ rows: 5, accepted: 1, rejected: 4 });
  expect(first.body.sha256).toMatch(/^[0-9a-f]{64}$/);
  const { data } = await platform.ok<{ data: { row: number; verdict: string; fix: string }[] }>('GET', `/platform/call-batches/${first.body.id}/rows`);
  const verdicts = new Map(data.map((row) => [row.row, row.verdict]));
  expect([2, 3, 4, 5].map((row) => verdicts.get(row))).toEqual(['e164_invalid', 'field_unknown', 'line_malformed', 'tenant_unknown']);
  const again = await sendLines(platform, '/platform/call-records', [good]);
  expect(again.body).toMatchObject({ accepted: 0, duplicate: 1 });
  // Neither operators nor tenants may send them.
  for (const other of [albion, harrow]) expect((await sendLines(other, '/platform/call-records', [good])).status).toBe(403);
});

test('the feed of calls has no gap and no double, in any page size', async () => {
  const read = async (limit: number) => {
    const seen: CallLine[] = [];
    // Three days: on a Sunday evening the last hours are quiet.
    for (let path = `/calls?basis=processed&limit=${limit}&from=${encodeURIComponent(secondsAgo(3 * 86_400))}`; ; ) {
      const page = await albion.ok<{ data: CallLine[]; next_cursor: string; has_more: boolean }>('GET', path);
      expect(page.next_cursor, 'never null').toBeTruthy();
      seen.push(...page.data);
      if (!page.has_more) return seen;
      path = `/calls?basis=processed&limit=${limit}&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  };
  const [wide, narrow] = [await read(1000), await read(17)];
  expect(wide.length).toBeGreaterThan(17);
  expect(narrow.map((call) => call.id)).toEqual(wide.map((call) => call.id));
  expect([...wide].sort((a, b) => a.processed_at.localeCompare(b.processed_at)).map((call) => call.processed_at)).toEqual(wide.map((call) => call.processed_at));
});

test('durations: verdicts, totals, closing a day with the right ones only', async () => {
  const number = (await albion.ok<{ data: NumberLine[] }>('GET', `/numbers?limit=1&tenant_id=${harrow.client.org_id}`)).data[0];
  const row = { operator_ref: `machine-${Date.now()}`, e164: number.e164, direction: 'inbound', answered_at: secondsAgo(7200), duration_s: 61.25 };
  const sent = await sendLines(albion, '/duration-batches', [row, { ...row, operator_ref: 'm2', duration_s: -1 }, { ...row, operator_ref: 'm3', e164: '+999123456789' }, { ...row, operator_ref: 'm4', answered_at: '2999-01-01T00:00:00Z' }]);
  expect(sent.status, sent.text).toBe(200);
  expect(sent.body).toMatchObject({ state: 'done', rows: 4, accepted: 1, rejected: 3 });
  const { data } = await albion.ok<{ data: { row: number; verdict: string; fix: string }[] }>('GET', `/duration-batches/${sent.body.id}/rows`);
  expect(data.filter((one) => one.row > 1).map((one) => one.verdict)).toEqual(['duration_invalid', 'number_unknown', 'time_in_future']);
  const day = secondsAgo(86_400).slice(0, 10);
  const next = secondsAgo(0).slice(0, 10);
  const [held] = (await albion.ok<{ data: { rows: number; seconds: number }[] }>('GET', `/duration-coverage?from=${day}&to=${next}`)).data;
  const wrong = await albion.post(`/duration-coverage/${day}/close`, { rows: held.rows + 1, seconds: held.seconds });
  expect([wrong.status, wrong.body.code], wrong.text).toEqual([409, 'totals_differ']);
  const right = await albion.post(`/duration-coverage/${day}/close`, { rows: held.rows, seconds: held.seconds });
  expect(right.status, right.text).toBe(200);
  // A tenant cannot hand in what its operator counts.
  expect((await sendLines(harrow, '/duration-batches', [row])).status).toBe(403);
});

test('usage is told as rows and as a file with the same sums', async () => {
  const [from, to] = [secondsAgo(10 * 86_400).slice(0, 10), secondsAgo(4 * 86_400).slice(0, 10)];
  const path = `/tenant/usage?from=${from}&to=${to}&group_by=day,operator`;
  const { data } = await harrow.ok<{ data: { day: string; calls: number; duration_s_operator: number; difference_s: number }[] }>('GET', path);
  expect(new Set(data.map((line) => line.day)).size).toBe(6);
  const csv = await harrow.get(path, { headers: { accept: 'text/csv' } });
  const [head, ...rows] = csv.text.trim().split('\r\n');
  expect(head).toBe('day,operator,calls,answered,duration_s_operator,duration_s_platform,duration_s_awaiting,difference_s,complete');
  expect(rows).toHaveLength(data.length);
  const sum = (list: number[]) => Math.round(list.reduce((a, b) => a + b, 0) * 1000);
  expect(sum(rows.map((row) => Number(row.split(',')[4])))).toBe(sum(data.map((line) => line.duration_s_operator)));
  expect((await albion.get(path)).status).toBe(403);
});

test('the contract is served, and every call of it needs a token', async () => {
  const document = await fetch(`${server.url}/api/v1/openapi.json`);
  expect(document.status).toBe(200);
  const { openapi, paths } = (await document.json()) as { openapi: string; paths: Record<string, Record<string, unknown>> };
  expect(openapi).toMatch(/^3\.1/);
  for (const [path, verbs] of Object.entries(paths)) {
    if (['/oauth/token', '/keys', '/openapi.json', '/docs'].some((open) => path.endsWith(open))) continue;
    for (const verb of Object.keys(verbs).filter((name) => ['get', 'post', 'put', 'patch', 'delete'].includes(name))) {
      const answer = await harrow.call(verb.toUpperCase(), path.replace(/^\/api\/v1/, '').replaceAll(/\{[^}]+\}/g, '1'), { token: null });
      expect(answer.status, `${verb} ${path}`).toBe(401);
    }
  }
});
