// A change set while its server is killed: at random points of a run the server ends by SIGKILL and starts again. It is proved,
// from outside alone, that the set always comes to its end by itself with every row done exactly once, and that its undo, killed
// now and then as well, puts back what was.
//   node bench/campaign-sets.mjs [--short] [--points N] [--seed N]
// 20 points (--short: 3). Prints one line a proof; ends with 1 when one does not hold.
import { parseArgs } from 'node:util';
import { startDemo } from '../helpers/server.mjs';
import { atRest, caller, everything, people, provide, seeded, sleep, stateOf } from '../helpers/sets.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false }, points: { type: 'string' }, seed: { type: 'string' } } });
const POINTS = Number(flags.points ?? (flags.short ? 3 : 20));
const ROWS = flags.short ? 1_200 : 3_000;
const SEED = Number(flags.seed ?? Date.now() % 1_000_000);
const PATIENCE = 180_000;
const ARGS = ['--rate-limit', '1000000', '--quiet-operator', '--scale', '0.2'];

const random = seeded(SEED);
console.log(`seed ${SEED}`);
let held = 0;
let broken = 0;
/** One line: what is claimed, and what speaks against it. */
function prove(claim, against) {
  const list = [against].flat().filter((one) => one !== undefined);
  if (list.length === 0) held += 1;
  else broken += 1;
  console.log(`${list.length === 0 ? 'holds ' : 'BROKEN'} ${claim}${list.length ? `: ${list.length} against it, such as ${JSON.stringify(list[0]).slice(0, 400)}` : ''}`);
}

let server = await startDemo({ own: true, args: ARGS });

/** Kills the server after so many ms and starts it again where it was. */
async function killAfter(ms) {
  await sleep(ms);
  await server.kill();
  const { dataDir, url } = server;
  server = await startDemo({ own: true, args: ARGS, again: { dataDir, url } });
}

async function run() {
  const { demo, url } = server;
  const org = (kind, slug) => demo[`${kind}s`].find((one) => one.slug === slug).id;
  const harrow = org('tenant', 'harrow');
  const client = (kind, id) => caller(url, demo.api_clients.find((one) => one.org_kind === kind && (kind === 'platform' || one.org_id === id)), 60_000);
  const [tenant, operator, platform] = [client('tenant', harrow), client('operator', org('operator', 'albion')), client('platform')];
  const names = await provide(operator, harrow, ROWS);
  const ids = await people(platform, harrow, ROWS);
  const before = await stateOf(tenant, names);
  const ours = new Set(names);
  let seq = (await operator('GET', '/events?after=0&limit=1&type=number.assigned')).head_seq;

  /** The events of our numbers since the last time, by number. */
  const told = async () => {
    const by = new Map();
    for (let taken = 0; taken < ROWS; ) {
      const page = await operator('GET', `/events?after=${seq}&limit=1000&wait=5`);
      if (page.data.length === 0) break;
      seq = page.last_seq;
      for (const event of page.data.filter((one) => ours.has(one.data?.e164))) {
        by.set(event.data.e164, [...(by.get(event.data.e164) ?? []), event]);
        taken += 1;
      }
    }
    return by;
  };
  const seqs = async () => new Map((await everything(tenant, `/tenant/numbers?q=${encodeURIComponent('+441')}`)).filter((one) => ours.has(one.e164)).map((one) => [one.e164, one.number_seq]));
  /** What speaks against: every number was changed once, and its operator told once. */
  const once = async (was, type) => {
    const [now, events] = [await seqs(), await told()];
    return names.flatMap((e164) => {
      const news = events.get(e164) ?? [];
      const right = now.get(e164) === was.get(e164) + 1 && news.length === 1 && news[0].type === type && news[0].number_seq === now.get(e164);
      return right ? [] : [{ e164, was: was.get(e164), now: now.get(e164), told: news.map((one) => [one.type, one.number_seq]) }];
    });
  };

  /** One set there and back; kills after so many ms of each way, `undefined` for none. */
  const round = async (name, killRun, killUndo) => {
    const rows = names.map((e164, i) => ({ e164, target_id: ids[i] }));
    const set = await tenant('POST', '/tenant/change-sets', { action: 'assign', name, rows });
    if (set.fine !== ROWS) throw new Error(`${set.fine} rows of ${ROWS} are fine`);
    const spans = [];
    for (const [way, state, type, kill] of [['run', 'done', 'number.assigned', killRun], ['undo', 'undone', 'number.unassigned', killUndo]]) {
      const was = await seqs();
      const began = Date.now();
      await tenant('POST', `/tenant/change-sets/${set.id}/${way}`);
      const at = kill === undefined ? '' : ` killed after ${kill} ms`;
      if (kill !== undefined) await killAfter(kill);
      const seen = await tenant('GET', `/tenant/change-sets/${set.id}`);
      const rest = await atRest(tenant, set.id, PATIENCE);
      spans.push(Date.now() - began);
      const middle = kill === undefined ? '' : `, at ${way === 'run' ? seen.done : seen.undone} rows when it was back`;
      prove(`${name}: ${way}${at} comes to its end${middle}`, rest.state === state ? undefined : rest);
      prove(`${name}: ${way} did every row exactly once`, await once(was, type));
    }
    const after = await stateOf(tenant, names);
    prove(`${name}: undo put back what was`, names.filter((e164) => before.get(e164) !== after.get(e164)).map((e164) => [before.get(e164), after.get(e164)]));
    return spans;
  };

  const [ran, undone] = await round('undisturbed', undefined, undefined);
  console.log(`undisturbed: run ${ran} ms, undo ${undone} ms for ${ROWS} rows`);
  for (let point = 1; point <= POINTS; point += 1) {
    const killUndo = point % 3 === 0 ? Math.round(random() * undone) : undefined;
    await round(`point ${point}`, Math.round(random() * ran), killUndo);
  }
}

try {
  await run();
} finally {
  await server.stop();
}
console.log(`${held} hold, ${broken} broken (seed ${SEED})`);
process.exitCode = broken === 0 ? 0 : 1;
