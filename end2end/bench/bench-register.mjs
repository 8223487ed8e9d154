// What the register costs: taking durations, draining the feed of calls and delivering assignments of 20 tenants, with the
// register over without.
//   node bench/bench-register.mjs [--short] [--only PART]   parts: ingest feed-drain assignments
// Prints `name value ratio goal`, one line a measure; ends with 1 when a goal is missed by half (short) or at all.
// Needs the release build. Without: rules of the database leave out what goes into `transfer`, and into `chain_pending` for its
// chain. The server is the same and sends the same, so two statements that write nothing stay in the measure without; rows, indexes
// and WAL of the register, and the chaining of what falls due meanwhile, are only in the measure with. What is chained later (a push
// after 90 s) is chained between the rounds. The log's entries go into their chain either way. Call records by the platform write no
// entry and are no part of this; page views would fail under a rule (they write with `on conflict`), and there are none here. That
// each way does what it says is counted in every round.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { bearer, connect, goals, median, say, startSink } from '../helpers/bench.mjs';
import { signInHttp } from '../helpers/http.mjs';
import { accountOf } from '../helpers/pages.mjs';
import { startDemo } from '../helpers/server.mjs';
import { caller, people, sleep } from '../helpers/sets.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false }, only: { type: 'string' } } });
const TENANTS = 20;
/** Numbers of each tenant. */
const NUMBERS = 10;
/** Pairs of with and without. */
const ROUNDS = flags.short ? 3 : 11;
/** Duration batches of a round, and rows of one: 100 of each tenant. */
const BATCHES = flags.short ? 5 : 12;
const ROWS = 2_000;
/** Records in the feed of calls, how many of them one call asks for, and how often a round drains it. */
const RECORDS = flags.short ? 4_000 : 10_000;
const PAGE = 1_000;
const DRAINS = flags.short ? 2 : 3;
/** Changes of each tenant in a round, one after the other: each number is assigned and given back. */
const CHANGES = flags.short ? 2 * NUMBERS : 6 * NUMBERS;
const GOAL = 0.9;
const wants = (part) => !flags.only || flags.only === part;

const seconds = (began) => Number(process.hrtime.bigint() - began) / 1e9;
const { end, judge, margin } = goals(flags.short);

const server = await startDemo({ own: true, args: ['--rate-limit', '1000000', '--quiet-operator', '--scale', '0.2'] });
let sink;

const { demo, url } = server;
const clientOf = (kind, slug) => demo.api_clients.find((one) => one.org_kind === kind && (!slug || one.org_slug === slug));
const albion = demo.operators.find((one) => one.slug === 'albion').id;
const operator = caller(url, clientOf('operator', 'albion'));
const platform = caller(url, clientOf('platform'));
let owner;
let db;

/** Posts rows and waits for their receipt. */
async function post(path, client, rows) {
  const headers = { authorization: await client(), 'content-type': 'application/x-ndjson', prefer: 'wait' };
  const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: rows });
  const receipt = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(receipt)}`);
  return receipt;
}

/** A token of a client, got again before it ends. */
function tokenOf(client) {
  let [token, until] = ['', 0];
  return async () => {
    if (Date.now() > until) [token, until] = [await bearer(url, client), Date.now() + 300_000];
    return token;
  };
}

/**
 * Makes the tenants: by the platform's API, their consents by the form of an administrator, numbers by the operator, people by the
 * platform. By SQL are what no API gives: that administrator's membership, an API client (with the secret of harrow's), and a past,
 * so that calls of the last weeks are theirs.
 */
async function makeTenants() {
  const admin = accountOf(demo, 'tenant/admin@harrow');
  const model = clientOf('tenant', 'harrow');
  const tenants = Array.from({ length: TENANTS }, (_, n) => ({ id: randomUUID(), slug: `bench-${String(n).padStart(2, '0')}` }));
  for (const { id, slug } of tenants) {
    const put = { slug, name: `Bench ${slug.slice(6)}`, country: 'GB', time_zone: 'Europe/London', sip_domain: `${slug}.sip.example`, quarantine_days: 0 };
    await platform('PUT', `/platform/tenants/${id}`, put);
    await db.query(`insert into membership (account_id, org_kind, org_id, role, created_at) select id, 'tenant', $1, 'admin', now() from account where email = $2`, [id, admin.email]);
    await db.query(
      `insert into api_client (id, org_kind, org_id, name, secret_hash, scopes, created_at)
       select $1, org_kind, $2, 'bench', secret_hash, scopes, now() from api_client where id = $3`,
      [slug, id, model.client_id],
    );
  }
  const cookie = await signInHttp(url, admin);
  const page = await (await fetch(`${url}/t/${tenants[0].slug}/operators/albion/accept`, { headers: { cookie, accept: 'text/html' } })).text();
  const action = [...page.matchAll(/<form[^>]*action="([^"]+)"/g)].map((match) => match[1]).find((path) => path.includes('accept_consent'));
  const version = /name="notice_version"[^>]*value="([^"]+)"/.exec(page)?.[1];
  for (const { slug } of tenants) {
    const said = { slug, operator: 'albion', operator_id: albion, notice_version: version, language: 'en', 'countries[]': 'GB', read: 'true', staff_informed: 'true' };
    const body = new URLSearchParams([...Object.entries(said), ...['numbers', 'calls', 'quality', 'durations'].map((one) => ['classes[]', one])]);
    const headers = { cookie, accept: 'text/html', origin: url, 'sec-fetch-site': 'same-origin' };
    const answer = await fetch(url + action, { method: 'POST', body, headers, redirect: 'manual' });
    const to = answer.headers.get('location');
    if (!to?.endsWith('/operators/albion')) throw new Error(`${slug} did not accept: ${answer.status} ${to}`);
  }
  const e164 = (tenant, n) => `+44191498${String(tenant * NUMBERS + n).padStart(4, '0')}`;
  const numbers = tenants.flatMap(({ id }, tenant) => Array.from({ length: NUMBERS }, (_, n) => ({ e164: e164(tenant, n), tenant_id: id, usage: 'user', confirm_unlisted: true })));
  const order = await operator('POST', '/numbers', { numbers });
  for (let state = order; state.state !== 'succeeded'; await sleep(100)) {
    state = await operator('GET', `/orders/${order.id}`);
    if (['partial', 'failed'].includes(state.state)) throw new Error(`not all numbers were taken: ${JSON.stringify(state)}`);
  }
  const ids = tenants.map(({ id }) => id);
  await owner.query('grant update (at) on consent_entry to concord_job');
  await db.query(`update consent_entry set at = at - interval '60 days' where tenant_id = any ($1)`, [ids]);
  await db.query(`update holding set held_from = held_from - interval '50 days' where tenant_id = any ($1)`, [ids]);
  const { rows: [{ open }] } = await db.query(`select count(*)::int as open from gate where tenant_id = any ($1) and open`, [ids]);
  if (open !== 4 * TENANTS) throw new Error(`${open} gates are open`);
  return Promise.all(tenants.map(async ({ id, slug }, tenant) => ({
    id,
    api: caller(url, { client_id: slug, client_secret: model.client_secret }),
    names: Array.from({ length: NUMBERS }, (_, n) => e164(tenant, n)),
    target: (await people(platform, id, 1))[0],
  })));
}

// Both with a condition: of a rule without one nothing is left of the statement, so what a connection had prepared would stay empty
// after the rule is dropped.
const RULES = [
  ['transfer', 'on insert to transfer where new.id is not null do instead nothing'],
  ['chain_pending', `on insert to chain_pending where new.chain = 'register' do instead nothing`],
];

async function keepRegister(on) {
  for (const [table, rule] of RULES) await owner.query(on ? `drop rule if exists bench_skip on ${table}` : `create or replace rule bench_skip as ${rule}`);
}

/** Lets everything behind a round end: what is frozen is chained now, the lists of what changed are worked off. */
async function calm() {
  await sleep(100);
  for (const until = Date.now() + 120_000; ; await sleep(50)) {
    await db.query(`update chain_pending set due_at = now() where chain = 'register' and due_at > now()`);
    const { rows: [{ left }] } = await db.query('select (select count(*) from chain_pending where due_at <= now() and org_id = any ($1)) + (select count(*) from change) as left', [[albion, ...tenants.map(({ id }) => id)]]);
    if (Number(left) === 0) return;
    if (Date.now() > until) throw new Error(`${left} rows are left to work`);
  }
}

/** Entries of these tenants in the register, and places of them in chains, given or waited for. */
async function registered() {
  const { rows: [{ entries, places }] } = await db.query(
    `select (select count(*) from transfer where tenant_id = any ($1))::int as entries,
            (select coalesce(sum(cardinality(entries)), 0) from chain_pending where chain = 'register' and entry_tenant = any ($1))::int
            + (select count(*) from chain_entry where chain = 'register' and entry_tenant = any ($1))::int as places`,
    [tenants.map(({ id }) => id)],
  );
  return [entries, places];
}

/** One side of a round: `work` answers how much it did in how many seconds, and how many entries of the register that needs. */
async function side(on, work, n) {
  await keepRegister(on);
  await calm();
  const before = await registered();
  const { done, took, entries } = await work(n);
  const grown = (await registered()).map((count, i) => count - before[i]);
  const due = on ? [entries, 2 * entries] : [0, 0];
  // A push that was tried again has an entry for each try.
  if (grown.some((count, i) => (on ? count < due[i] : count !== 0))) throw new Error(`${on ? 'with' : 'without'}: the register grew by ${grown}, not by ${due}`);
  return done / took;
}

/** Rounds in pairs, the order swapped each time; the first only warms up. */
async function measure(name, unit, work) {
  const pairs = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const rates = {};
    for (const on of round % 2 === 0 ? [true, false] : [false, true]) rates[on] = await side(on, work, 2 * round + Number(on));
    if (round > 0) pairs.push([rates.true, rates.false]);
  }
  await keepRegister(true);
  await calm();
  const ratios = pairs.map(([kept, left]) => kept / left);
  const ratio = median(ratios);
  const [kept, left] = [0, 1].map((i) => Math.round(median(pairs.map((pair) => pair[i]))));
  judge(ratio >= GOAL * margin, `register-${name}`, `${kept}/${left}_${unit}_per_s`, ratio.toFixed(3), `>=${GOAL}`);
  say(`register-${name}-range`, `${ROUNDS}_rounds`, `${Math.min(...ratios).toFixed(3)}-${Math.max(...ratios).toFixed(3)}`, '-');
}

const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
/** Some time of a day so many days ago; each round has a day of its own, so that none finds more there than another. */
const timeOf = (daysAgo, n) => midnight - daysAgo * 86_400_000 + ((n * 7_919_333) % 86_000_000);
const iso = (ms) => new Date(ms).toISOString();
const outside = (n) => `+3319900${String(n % 10_000).padStart(4, '0')}`;
/** Neighbours in a batch are of different tenants. */
const numberOf = (n) => tenants[n % TENANTS].names[Math.floor(n / TENANTS) % NUMBERS];

function durationRow(round, n) {
  return JSON.stringify({
    operator_ref: `bench-${round}-${n}`, sip_call_id: `bench-${round}-${n}@sbc1.calls.example`, e164: numberOf(n), other_party: outside(n),
    direction: n % 2 ? 'inbound' : 'outbound', answered_at: iso(timeOf(3 + round, n)), duration_s: (n % 4_000) / 10, measured_at: 'egress', q850_cause: 16, version: 1,
  });
}

function callRow(n) {
  const at = timeOf(2, n);
  const talk = (n % 4_000) * 100;
  const inbound = n % 2 === 1;
  const own = numberOf(n);
  const stream = (direction) => ({
    direction, leg: 'operator', packets: talk / 20, jitter_ms_avg: 4.2, jitter_ms_max: 9.1, loss_ratio_avg: 0.002, loss_ratio_max: 0.01, rtt_ms_avg: 31.5, rtt_ms_max: 60.2, codec: 'PCMA',
  });
  return JSON.stringify({
    call_id: `bench-${n}`, leg_id: '1', version: 1, completeness: 'final', tenant_id: tenants[n % TENANTS].id, operator_id: albion,
    direction: inbound ? 'inbound' : 'outbound', caller: inbound ? outside(n) : own, callee: inbound ? own : outside(n), caller_withheld: false,
    e164: own, call_type: inbound ? 'user_in' : 'user_out', sip_call_id: `feed-${n}@sbc1.calls.example`, operator_ref: `feed-${n}`,
    invited_at: iso(at), ringing_at: iso(at + 900), answered_at: iso(at + 5_000), ended_at: iso(at + 5_000 + talk), ring_ms: 4_100, talk_ms: talk,
    sip_code: 200, sip_phrase: 'OK', q850_cause: 16, ended_by: 'caller', codec: 'PCMA', network_name: 'Leeds office',
    client_ip: '192.0.2.10', client_os: 'Windows 11', user_agent: 'DeskCaller/6.2', streams: [stream('received'), stream('sent')],
  });
}

const lines = (count, row) => Buffer.from(`${Array.from({ length: count }, (_, n) => row(n)).join('\n')}\n`);

/** Batches of durations, one after the other. */
async function ingest() {
  const token = tokenOf(clientOf('operator', 'albion'));
  await measure('ingest', 'rows', async (round) => {
    const bodies = Array.from({ length: BATCHES }, (_, batch) => lines(ROWS, (n) => durationRow(round, batch * ROWS + n)));
    await token();
    const began = process.hrtime.bigint();
    let accepted = 0;
    for (const body of bodies) accepted += (await post('/duration-batches', token, body)).accepted;
    const took = seconds(began);
    if (accepted !== BATCHES * ROWS) throw new Error(`${accepted} of ${BATCHES * ROWS} durations were accepted`);
    return { done: accepted, took, entries: BATCHES * TENANTS };
  });
}

/** The very same pages of the feed of calls, from one place to its end. */
async function feedDrain() {
  const token = tokenOf(clientOf('operator', 'albion'));
  const read = async (cursor) => {
    const place = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const answer = await fetch(`${url}/api/v1/calls?basis=processed&limit=${PAGE}${place}`, { headers: { authorization: await token() } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 500)}`);
    return text;
  };
  let start = '';
  for (let more = true; more; ) ({ next_cursor: start, has_more: more } = JSON.parse(await read(start)));
  const platformToken = tokenOf(clientOf('platform'));
  const { accepted } = await post('/platform/call-records', platformToken, lines(RECORDS, callRow));
  if (accepted !== RECORDS) throw new Error(`${accepted} of ${RECORDS} records were accepted`);
  const pages = [];
  for (let [cursor, found, until] = [start, 0, Date.now() + 30_000]; found < RECORDS; ) {
    const text = await read(cursor);
    const { data, next_cursor } = JSON.parse(text);
    if (data.length > 0) pages.push({ cursor, length: text.length, entries: new Set(data.map((row) => row.tenant_id)).size });
    else if (Date.now() > until) throw new Error(`${found} of ${RECORDS} records came into the feed`);
    else await sleep(100);
    found += data.length;
    cursor = next_cursor;
  }
  const entries = pages.reduce((sum, page) => sum + page.entries, 0);
  if (entries !== pages.length * TENANTS) throw new Error(`${pages.length} pages hold records of ${entries} tenants in all`);
  await measure('feed-drain', 'rows', async () => {
    await token();
    const began = process.hrtime.bigint();
    for (let drain = 0; drain < DRAINS; drain += 1) {
      for (const { cursor, length } of pages) if ((await read(cursor)).length !== length) throw new Error('a page of the feed is not what it was');
    }
    return { done: DRAINS * RECORDS, took: seconds(began), entries: DRAINS * entries };
  });
}

/** Numbers assigned and given back, all tenants at once, until the operator's endpoint has every event. */
async function assignments() {
  for (const { id } of (await operator('GET', '/endpoints')).data) await operator('DELETE', `/endpoints/${id}`);
  sink = await startSink();
  const event_types = ['number.assigned', 'number.unassigned'];
  const { id } = await operator('POST', '/endpoints', { url: sink.url, description: 'bench', signature: 'v1', event_types, max_in_flight: 64, confirms: true });
  await operator('POST', `/endpoints/${id}/verify`);
  await measure('assignments', 'events', async () => {
    await sink.forget();
    const began = Date.now();
    await Promise.all(tenants.map(async ({ api, names, target }) => {
      for (let n = 0; n < CHANGES; n += 1) {
        const path = `/tenant/numbers/${encodeURIComponent(names[Math.floor(n / 2) % NUMBERS])}`;
        if (n % 2 === 0) await api('POST', `${path}/assign`, { target_id: target });
        else await api('POST', `${path}/unassign`, { quarantine_days: 0 });
      }
    }));
    const count = TENANTS * CHANGES;
    for (const until = Date.now() + 60_000; (await sink.count()) < count; await sleep(20)) {
      if (Date.now() > until) throw new Error(`${await sink.count()} of ${count} events came`);
    }
    const messages = await sink.messages();
    if (messages.some((one) => !one[3])) throw new Error('the gate of the numbers is not open: what came is withheld');
    return { done: count, took: (Math.max(...messages.map((one) => one[1])) - began) / 1000, entries: count };
  });
}

let tenants = [];
try {
  owner = await connect(server.dataDir);
  db = await connect(server.dataDir, 'concord_job');
  tenants = await makeTenants();
  if (wants('ingest')) await ingest();
  if (wants('feed-drain')) await feedDrain();
  if (wants('assignments')) await assignments();
} finally {
  for (const client of [owner, db]) await client?.end().catch(() => {});
  sink?.stop();
  await server.stop();
}
end();
