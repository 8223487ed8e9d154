// Notices through faults: assignments by the API go on while the server, or a second process that seals and delivers beside it, is
// killed (SIGKILL) and frozen (SIGSTOP, SIGCONT), their database is stopped at once and started again, and two receivers answer 500,
// nothing at all, too late, 429 with Retry-After, or break the connection. Then it is proved, from outside alone, that every committed
// event arrived at both, under one id and in its number's order, that the feed has no gap and nothing that was not committed, that each
// receipt stands in the register, and that there was enough of all this. In the long form the server also stands still, once an account,
// for longer than its leases last: the other takes over, and the server's late answers do no harm.
//   node bench/campaign-notices.mjs [--short] [--seeds N] [--faults N] [--seed N] [--plant N | --plants]
// 200 seeds of 50 faults (--short: 2 of 10). Prints one line a proof; ends with 1 when one does not hold.
// --plants needs a build with the feature `chaos` (CONCORD_BIN): runs once with each planted bug and tells which were found here;
// ends with 1 when fewer than eight were. All of them are also planted in the Rust tests (`cargo test --features ssr,chaos plant`).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { startDemo, startJobs } from '../helpers/server.mjs';
import { caller, everything, people, provide, seeded, sleep } from '../helpers/sets.mjs';

const flag = (type) => ({ type });
const { values: flags } = parseArgs({
  options: { short: flag('boolean'), seeds: flag('string'), faults: flag('string'), seed: flag('string'), plant: flag('string'), plants: flag('boolean') },
});

const SEEDS = Number(flags.seeds ?? (flags.short ? 2 : 200));
const FAULTS = Number(flags.faults ?? (flags.short ? 10 : 50));
const FIRST = Number(flags.seed ?? Date.now() % 1_000_000);
/** Seeds between two accounts: each account waits until all has arrived. */
const BLOCK = flags.short ? 2 : 10;
const LANES = 6;
const NUMBERS = 120;
/** Longest stretch of a fault and between two, in ms. */
const STRETCH = flags.short ? 1_500 : 500;
const LEASE_S = 20;
const PATIENCE = 150_000;
/** Changes that an account must hold at least, for each fault; usually there are 12 to 20. */
const LEAST = flags.short ? 1 : 2;
/** What both processes are told. */
const DELIVERY = ['--retry-schedule', '1s,1s,1s,2s,3s', '--delivery-lease-s', String(LEASE_S), ...(flags.plant ? ['--plant', flags.plant] : [])];
const ARGS = ['--rate-limit', '1000000', '--quiet-operator', '--scale', '0.2', ...DELIVERY];

let held = 0;
let broken = 0;
/** One line: what is claimed, and what speaks against it. */
function prove(claim, against) {
  const list = [against].flat().filter((one) => one !== undefined);
  if (list.length === 0) held += 1;
  else broken += 1;
  console.log(`${list.length === 0 ? 'holds ' : 'BROKEN'} ${claim}${list.length ? `: ${list.length} against it, such as ${JSON.stringify(list[0]).slice(0, 400)}` : ''}`);
}

/** An operator's receiver that notes what it got and whether it took it. */
async function startReceiver(random) {
  // `taken` and `arrived`: of each number the highest `number_seq` that was taken, and that came at all.
  const state = { mode: 'ok', secret: undefined, log: [], wrong: [], taken: new Map(), arrived: new Map() };
  const answerOf = () => {
    switch (state.mode) {
      case '500': return { status: 500 };
      case 'flaky': return { status: random() < 0.3 ? 503 : 204 };
      case 'throttle': return { status: 429, retryAfter: random() < 0.5 ? '1' : new Date(Date.now() + 1_500).toUTCString() };
      case 'slow': return { status: 204, after: 200 + random() * 1_000 };
      case 'reset': return {};
      case 'timeout': return { after: 16_000 };
      default: return { status: 204 };
    }
  };
  const server = createServer((request, response) => {
    const parts = [];
    request.on('error', () => {});
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      const text = Buffer.concat(parts).toString('utf8');
      const body = JSON.parse(text);
      if (body.type === 'endpoint.verification') return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge: body.data.challenge }));
      if (body.seq === null) return response.writeHead(204).end();
      try {
        new Webhook(state.secret).verify(text, request.headers);
      } catch (error) {
        state.wrong.push({ id: body.id, reason: error.message });
      }
      const e164 = body.data?.e164;
      const receipt = { id: request.headers['webhook-id'], attempt: Number(request.headers['webhook-attempt']), body, e164, taken: false };
      state.log.push(receipt);
      if (e164 && body.number_seq) {
        const [came, taken, arrived] = [body.number_seq, state.taken.get(e164) ?? 0, state.arrived.get(e164) ?? 0];
        // Before a later change of a number comes, the one before must have been taken. The same may come again, where its answer was
        // lost; once a later one has come, none before it does.
        if (came > taken + 1 || came < arrived) state.wrong.push({ e164, came, attempt: receipt.attempt, taken, arrived });
        state.arrived.set(e164, Math.max(arrived, came));
      }
      const { status, after = 0, retryAfter } = answerOf();
      if (after) await sleep(after);
      if (status === undefined) return request.socket.destroy();
      if (status < 300) {
        receipt.taken = true;
        if (e164) state.taken.set(e164, Math.max(state.taken.get(e164) ?? 0, body.number_seq));
      }
      return response.writeHead(status, retryAfter ? { 'retry-after': retryAfter } : {}).end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(state, {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    stop: () => (server.closeAllConnections(), server.close()),
  });
}

let server;
/** The second process, on the same database with the same key. */
let jobs;

/** Kills the server and starts it again where it was. */
async function killServer() {
  await server.kill();
  const { dataDir, url } = server;
  server = await startDemo({ own: true, args: ARGS, again: { dataDir, url } });
}

async function killJobs() {
  await jobs.kill();
  jobs = await startJobs(server, DELIVERY);
}

async function freeze({ pid }, ms) {
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
}

/** `pg_ctl stop -m immediate`, and after a while `pg_ctl start`, both as the cluster's owner. */
async function stopDatabase(ms) {
  const [pid, dir] = readFileSync(join(server.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n');
  const { uid, gid } = statSync(dir);
  const bin = existsSync(`/proc/${pid}/exe`) ? dirname(spawnSync('readlink', ['-f', `/proc/${pid}/exe`], { encoding: 'utf8' }).stdout.trim()) : '';
  const ctl = (...args) => {
    const run = spawnSync(join(bin, 'pg_ctl'), ['-D', dir, '-w', '-t', '60', ...args], { uid, gid, cwd: dir, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
    if (run.status !== 0) throw new Error(`pg_ctl ${args.join(' ')}: ${run.error ?? run.stderr}`);
  };
  ctl('stop', '-m', 'immediate');
  await sleep(ms);
  ctl('start', '-l', join(dir, 'campaign.log'));
}

/** Each number to a person and back, again and again, until told to stop; keeps what was answered with success. */
function assignOn(tenant, names, targets, acked) {
  let going = true;
  const settle = async (path, body, code) => {
    try {
      const { number_seq } = await tenant('POST', path, body);
      return number_seq;
    } catch (error) {
      // The answer to the same call was lost on the way before.
      if (error.status === 422 && error.message.includes(code)) return undefined;
      throw error;
    }
  };
  const lane = async (mine, target_id) => {
    while (going) {
      for (const e164 of mine) {
        if (!going) return;
        const one = await settle(`/tenant/numbers/${encodeURIComponent(e164)}/assign`, { target_id }, 'already_assigned');
        if (one) acked.push([e164, one, 'number.assigned']);
        const two = await settle(`/tenant/numbers/${encodeURIComponent(e164)}/unassign`, { quarantine_days: 0 }, 'not_assigned');
        if (two) acked.push([e164, two, 'number.unassigned']);
      }
    }
  };
  const running = targets.map((target, i) => lane(names.filter((_, n) => n % targets.length === i), target));
  return async () => {
    going = false;
    await Promise.all(running);
  };
}

/** `FAULTS` faults, two at a time: one of a process or the database, one of a receiver. */
async function torment(random, receivers) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const frozen = (ms) => (random() < 0.2 ? ms + 3_200 : ms);
  const ofServer = [
    ['kill server', killServer],
    ['freeze jobs', (ms) => freeze(jobs, frozen(ms))],
    ['database', (ms) => stopDatabase(ms / 2)],
    ['freeze server', (ms) => freeze(server, frozen(ms))],
    ['kill jobs', killJobs],
  ];
  const ofReceiver = ['500', 'timeout', 'reset', 'slow', 'throttle', 'flaky'];
  const counts = {};
  for (let fault = 0, n = Math.floor(random() * 5); fault < FAULTS; fault += 2, n += 1) {
    const [mode, receiver, [what, strike]] = [pick(ofReceiver), pick(receivers), ofServer[n % ofServer.length]];
    const ms = 100 + random() * STRETCH;
    receiver.mode = mode;
    await sleep(random() * ms);
    await strike(ms);
    await sleep(random() * ms);
    receiver.mode = 'ok';
    for (const name of [mode, what]) counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ');
}

/**
 * The server, which delivers most, stands still until its leases have run out, with slow answers on their way to it: within that time the
 * other process must send again what had been taken meanwhile. Then it wakes, too late.
 */
async function outlast(name, receivers) {
  for (const receiver of receivers) receiver.mode = 'slow';
  await sleep(2_000);
  const before = receivers.map((receiver) => receiver.log.length);
  await freeze(server, (LEASE_S + 3) * 1_000);
  const since = receivers.map((receiver, i) => receiver.log.slice(before[i]));
  const again = receivers.flatMap(({ log }, i) => since[i].filter((one) => log.some((other) => other.taken && other.id === one.id && other.attempt < one.attempt)));
  for (const receiver of receivers) receiver.mode = 'ok';
  console.log(`${name}: while the server stood still ${since.map((list) => list.length).join(' and ')} receipts, ${again.length} of what it had in flight`);
  prove(`${name}: the other process took over`, again.length > 0 ? undefined : { receipts: since.flat().length });
}

const numbersOf = async (tenant, ours) => new Map((await everything(tenant, `/tenant/numbers?q=${encodeURIComponent('+441')}`)).filter((one) => ours.has(one.e164)).map((one) => [one.e164, one.number_seq]));

async function pull(operator, after) {
  const events = [];
  for (let last = after; ; ) {
    const page = await operator('GET', `/events?after=${last}&limit=1000`);
    if (page.data.length === 0) return { events, head: page.head_seq };
    events.push(...page.data);
    last = page.last_seq;
  }
}

/** What speaks against the feed: per number exactly its changes, in their order. */
function unlikeNumbers(feed, base, now) {
  const last = new Map(base);
  const wrong = [];
  for (const { type, number_seq, data } of feed) {
    const before = last.get(data.e164);
    const kind = number_seq % 2 === 1 ? 'number.assigned' : 'number.unassigned';
    if (number_seq !== before + 1 || type !== kind) wrong.push({ e164: data.e164, before, number_seq, type });
    last.set(data.e164, number_seq);
  }
  for (const [e164, seq] of now) if (last.get(e164) !== seq) wrong.push({ e164, in_feed: last.get(e164), is: seq });
  return wrong;
}

async function judge({ operator, tenant, receivers, ours, base, acked, before, began, harrow, name, least }) {
  const started = Date.now();
  const now = await numbersOf(tenant, ours);
  const wanted = [...now].reduce((sum, [e164, seq]) => sum + seq - base.get(e164), 0);
  const takenBy = (receiver) => new Set(receiver.log.filter((one) => one.taken && ours.has(one.e164)).map((one) => one.body.id));
  // Also what was taken, but whose answer was lost, comes once more before all is at rest.
  const waits = async () => receivers.some((receiver) => takenBy(receiver).size < wanted) || (await operator('GET', '/endpoints')).data.some((one) => one.description === 'campaign' && one.backlog > 0);
  while (Date.now() - started < PATIENCE && (await waits())) await sleep(250);
  const { events, head } = await pull(operator, before);
  const feed = events.filter((one) => ours.has(one.data?.e164));
  const byId = new Map(events.map((one) => [one.id, JSON.stringify(one)]));
  const told = new Set(feed.map((one) => `${one.data.e164} ${one.number_seq} ${one.type}`));
  const again = receivers.flatMap((one) => one.log).filter((one) => one.attempt > 1).length;
  console.log(`${name}: ${wanted} changes, ${receivers.map((one) => one.log.length).join(' and ')} receipts, ${again} of them later tries, drained in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  prove(`${name}: at least ${least} changes were made${flags.short ? '' : ', and some were sent again'}`, wanted >= least && (flags.short || again > 0) ? undefined : { wanted, again });
  prove(`${name}: the feed has no gap and ends at its head`, [...events.filter((one, i) => one.seq !== before + 1 + i).map((one) => one.seq), ...(head === before + events.length ? [] : [head])]);
  prove(`${name}: it holds exactly what was committed, each number in order`, unlikeNumbers(feed, base, now));
  prove(`${name}: nothing that was answered with success is missing`, acked.filter(([e164, seq, type]) => !told.has(`${e164} ${seq} ${type}`)));
  for (const [i, receiver] of receivers.entries()) {
    const taken = takenBy(receiver);
    const who = `${name}: receiver ${i + 1}`;
    prove(`${who} took every event`, feed.filter((one) => !taken.has(one.id)).map((one) => [one.id, one.data.e164, one.number_seq]));
    prove(`${who} got nothing but what the feed holds, byte for byte, under the event's id`, receiver.log.filter((one) => one.id !== one.body.id || byId.get(one.body.id) !== JSON.stringify(one.body)).map((one) => [one.id, one.body]));
    prove(`${who} got each number in order and never back, every message signed`, receiver.wrong);
  }
  const receipts = new Map();
  for (const { body } of receivers.flatMap((receiver) => receiver.log)) if (ours.has(body.data?.e164)) receipts.set(body.id, (receipts.get(body.id) ?? 0) + 1);
  const entries = new Map();
  for (const row of await everything(operator, `/transfers?from=${encodeURIComponent(began)}&tenant_id=${harrow}`)) if (row.channel === 'push') entries.set(row.ref, (entries.get(row.ref) ?? 0) + 1);
  prove(`${name}: each receipt has its entry in the register`, [...receipts].filter(([id, count]) => (entries.get(id) ?? 0) < count).map(([id, count]) => ({ id, receipts: count, entries: entries.get(id) ?? 0 })));
  return head;
}

async function run() {
  const { demo, url } = server;
  const org = (kind, slug) => demo[`${kind}s`].find((one) => one.slug === slug).id;
  const [harrow, albion] = [org('tenant', 'harrow'), org('operator', 'albion')];
  const client = (kind, id) => caller(url, demo.api_clients.find((one) => one.org_kind === kind && (kind === 'platform' || one.org_id === id)), 60_000);
  const [tenant, operator, platform] = [client('tenant', harrow), client('operator', albion), client('platform')];
  const names = await provide(operator, harrow, NUMBERS);
  const targets = await people(platform, harrow, LANES);
  const ours = new Set(names);
  for (const { id } of (await operator('GET', '/endpoints')).data) await operator('DELETE', `/endpoints/${id}`);
  const receivers = [];
  for (const confirms of [true, false]) {
    const receiver = await startReceiver(seeded(FIRST + receivers.length));
    const made = await operator('POST', '/endpoints', { url: receiver.url, description: 'campaign', signature: 'v1', event_types: [], max_in_flight: 8, confirms });
    receiver.secret = made.secret;
    await operator('POST', `/endpoints/${made.id}/verify`);
    receivers.push(receiver);
  }
  try {
    let before = (await operator('GET', '/events?after=0&limit=1&type=number.assigned')).head_seq;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += BLOCK) {
      const base = await numbersOf(tenant, ours);
      for (const receiver of receivers) Object.assign(receiver, { log: [], wrong: [], taken: new Map(base), arrived: new Map(base) });
      const [acked, began] = [[], new Date(Date.now() - 1_000).toISOString()];
      const stop = assignOn(tenant, names, targets, acked);
      const last = Math.min(seed + BLOCK, FIRST + SEEDS);
      const name = last - seed === 1 ? `seed ${seed}` : `seeds ${seed} to ${last - 1}`;
      if (!flags.short) await outlast(name, receivers);
      for (let one = seed; one < last; one += 1) console.log(`seed ${one}: ${await torment(seeded(one), receivers)}`);
      await stop();
      before = await judge({ operator, tenant, receivers, ours, base, acked, before, began, harrow, name, least: (last - seed) * FAULTS * LEAST });
    }
    const { ok, problems } = await operator('GET', '/transfers/verify');
    prove('the register verifies', ok ? undefined : problems);
  } finally {
    for (const receiver of receivers) receiver.stop();
  }
}

/** Runs once without and once with each planted bug; tells which were found by this campaign. */
async function plantAll() {
  const wanted = 8;
  const child = (plant) => new Promise((done) => {
    const ran = spawn(process.execPath, [fileURLToPath(import.meta.url), '--short', '--seeds', '1', '--seed', '1', '--plant', String(plant)], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    ran.stdout.on('data', (part) => (text += part));
    ran.on('exit', (code) => done({ code, by: text.split('\n').find((line) => line.startsWith('BROKEN')) }));
  });
  const word = ({ code, by }) => (code === 0 ? 'not found here' : by ? `found, ${by.slice(7, 160)}` : 'the run broke down');
  // Number 0 is none: what is found without a bug says nothing of one.
  const none = await child(0);
  console.log(`no plant: ${none.code === 0 ? 'all holds' : word(none)}`);
  let found = 0;
  for (let plant = 1; plant <= 14; plant += 1) {
    const ran = await child(plant);
    // A run that breaks down has found nothing: it may not even have begun.
    if (ran.by) found += 1;
    console.log(`plant ${plant}: ${word(ran)}`);
  }
  console.log(`${found} of 14 planted bugs found, at least ${wanted} wanted`);
  process.exitCode = none.code === 0 && found >= wanted ? 0 : 1;
}

if (flags.plants) {
  await plantAll();
} else {
  server = await startDemo({ own: true, args: ARGS });
  try {
    jobs = await startJobs(server, DELIVERY);
    await run();
  } finally {
    try {
      await jobs?.stop();
    } finally {
      await server.stop();
    }
  }
  console.log(`${held} hold, ${broken} broken (first seed ${FIRST})`);
  process.exitCode = broken === 0 ? 0 : 1;
}
