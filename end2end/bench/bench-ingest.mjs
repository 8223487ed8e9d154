// What taking rows costs: durations and call records over HTTP (token, checks, verdicts, change lists, commit) against
// `psql \copy` of the very rows that then stand in the tables, into copies of those tables with all their indexes.
//   node bench/bench-ingest.mjs [--short]
// Prints `name value ratio goal`, one line a measure; ends with 1 when a goal is missed by half (short) or at all.
// Needs the release build and psql. The server runs without its background jobs, so that nobody else works meanwhile.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bearer, goals, median, say, socketOf } from '../helpers/bench.mjs';
import { startDemo } from '../helpers/server.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const ROWS = flags.short ? 20_000 : 200_000;
/** Rows of one request. */
const BATCH = { durations: 50_000, calls: 20_000 };
const ROUNDS = flags.short ? 3 : 5;
const GOAL = { durations: 0.5, calls: 0.4 };

const seconds = (began) => Number(process.hrtime.bigint() - began) / 1e9;

if (spawnSync('psql', ['--version']).error) {
  console.log('ingest is not measured: there is no psql on PATH');
  process.exit(0);
}

const work = mkdtempSync(join(tmpdir(), 'concord-ingest-'));
const server = await startDemo({ own: true, args: ['--quiet-operator', '--role', 'web', '--scale', '0.2', '--rate-limit', '1000000'] });
const { end, judge, margin } = goals(flags.short);

/** Runs SQL as the database's owner, or as the role that may read all organisations' rows. */
function psql(sql, { all = false } = {}) {
  const socket = socketOf(server.dataDir);
  const commands = [...(all ? ['set role concord_job'] : []), ...[sql].flat()].flatMap((command) => ['-c', command]);
  const run = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', `postgresql://concord@localhost/concord?host=${encodeURIComponent(socket)}`, ...commands], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`psql: ${run.stderr}`);
  return run.stdout.trim();
}

const { demo, url } = server;
const tenant = demo.tenants.find((one) => one.slug === 'contoso');
const operator = demo.operators.find((one) => one.slug === 'norvik');
const clientOf = (kind, id) => demo.api_clients.find((one) => one.org_kind === kind && (!id || one.org_id === id));
const numbers = await (async () => {
  const authorization = await bearer(url, clientOf('tenant', tenant.id));
  const { data } = await (await fetch(`${url}/api/v1/tenant/numbers?limit=1000`, { headers: { authorization } })).json();
  return data.filter((number) => number.operator_id === operator.id).map((number) => number.e164);
})();

/** Some time in the last three weeks, in milliseconds; spread so that neighbours in a batch are not neighbours in time. */
const newest = Date.now() - 3_600_000;
const timeOf = (n) => newest - ((n * 7_919_333) % (20 * 86_400_000));
const iso = (ms) => new Date(ms).toISOString();
const outside = (n) => `+3319900${String(n % 10_000).padStart(4, '0')}`;

function durationRow(round, n) {
  return JSON.stringify({
    operator_ref: `bench-${round}-${n}`,
    sip_call_id: `bench-${round}-${n}@sbc1.calls.example`,
    e164: numbers[n % numbers.length],
    other_party: outside(n),
    direction: n % 2 ? 'inbound' : 'outbound',
    answered_at: iso(timeOf(n)),
    duration_s: (n % 4_000) / 10,
    measured_at: 'egress',
    q850_cause: 16,
    version: 1,
  });
}

function callRow(round, n) {
  const at = timeOf(n);
  const talk = (n % 4_000) * 100;
  const inbound = n % 2 === 1;
  const own = numbers[n % numbers.length];
  const stream = (direction) => ({
    direction, leg: 'operator', packets: talk / 20, jitter_ms_avg: 4.2, jitter_ms_max: 9.1, loss_ratio_avg: 0.002, loss_ratio_max: 0.01, rtt_ms_avg: 31.5, rtt_ms_max: 60.2, codec: 'PCMA',
  });
  return JSON.stringify({
    call_id: `bench-${round}-${n}`, leg_id: '1', version: 1, completeness: 'final', tenant_id: tenant.id, operator_id: operator.id,
    direction: inbound ? 'inbound' : 'outbound', caller: inbound ? outside(n) : own, callee: inbound ? own : outside(n), caller_withheld: false,
    e164: own, call_type: inbound ? 'user_in' : 'user_out', sip_call_id: `bench-${round}-${n}@sbc1.calls.example`, operator_ref: `bench-${round}-${n}`,
    invited_at: iso(at), ringing_at: iso(at + 900), answered_at: iso(at + 5_000), ended_at: iso(at + 5_000 + talk), ring_ms: 4_100, talk_ms: talk,
    sip_code: 200, sip_phrase: 'OK', q850_cause: 16, ended_by: 'caller', codec: 'PCMA', network_name: 'Berlin office',
    client_ip: '192.0.2.10', client_os: 'Windows 11', user_agent: 'DeskCaller/6.2', streams: [stream('received'), stream('sent')],
  });
}

const KINDS = {
  durations: { path: '/duration-batches', client: clientOf('operator', operator.id), row: durationRow, tables: ['duration_record'] },
  calls: { path: '/platform/call-records', client: clientOf('platform'), row: callRow, tables: ['call_record', 'stream', 'call_personal'] },
};

/** Sends the rows; gives the seconds from the first byte to the last receipt. */
async function send(kind, round) {
  const { path, client, row } = KINDS[kind];
  const bodies = [];
  for (let from = 0; from < ROWS; from += BATCH[kind]) {
    const lines = Array.from({ length: Math.min(BATCH[kind], ROWS - from) }, (_, n) => row(round, from + n));
    bodies.push(Buffer.from(`${lines.join('\n')}\n`));
  }
  const headers = { authorization: await bearer(url, client), 'content-type': 'application/x-ndjson', prefer: 'wait' };
  const ids = [];
  let accepted = 0;
  const began = process.hrtime.bigint();
  for (const body of bodies) {
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body });
    const receipt = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(receipt)}`);
    ids.push(receipt.id);
    accepted += receipt.accepted;
  }
  const took = seconds(began);
  if (accepted !== ROWS) throw new Error(`${kind}: ${accepted} of ${ROWS} rows were accepted`);
  return took;
}

/** Copies the same rows out (not timed) and into the copies of their tables, which grow as ours do (timed); gives the seconds. */
function copy(kind, round) {
  const files = KINDS[kind].tables.map((table) => {
    const file = join(work, `${table}.copy`);
    const key = table === 'duration_record' ? 'ref' : 'call_id';
    const prefix = `${key === 'ref' ? 'r:' : ''}bench-${round}-`;
    psql(`\\copy (select * from ${table} where ${key} >= '${prefix}' and ${key} < '${prefix}~') to '${file}'`, { all: true });
    if (statSync(file).size === 0) throw new Error(`${table}: no rows of round ${round}`);
    return [table, file];
  });
  const began = process.hrtime.bigint();
  psql(files.map(([table, file]) => `\\copy bench_${table} from '${file}'`));
  return seconds(began);
}

try {
  for (const kind of Object.keys(KINDS)) {
    const [ours, theirs] = [[], []];
    for (const table of KINDS[kind].tables) psql(`create table bench_${table} (like ${table} including all)`);
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const http = await send(kind, round);
      const psqlTook = copy(kind, round);
      if (round > 0) ours.push(http), theirs.push(psqlTook);
    }
    const ratios = ours.map((took, n) => theirs[n] / took);
    const ratio = median(ratios);
    const perSecond = (took) => Math.round(ROWS / took);
    judge(ratio >= GOAL[kind] * margin, `ingest-${kind}-over-copy`, `${perSecond(median(ours))}/${perSecond(median(theirs))}_rows_per_s`, ratio.toFixed(3), `>=${GOAL[kind]}`);
    say(`ingest-${kind}-over-copy-range`, `${ROUNDS}x${ROWS}_rows`, `${Math.min(...ratios).toFixed(3)}-${Math.max(...ratios).toFixed(3)}`, '-');
  }
} finally {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
end();
