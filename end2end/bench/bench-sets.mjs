// Change sets: 10,000 assignments checked, run and taken back, against the same rows written by one plain SQL statement.
//   node bench/bench-sets.mjs [--short]
// Prints `name value ratio goal`, one line a measure; ends with 1 when a bound is broken. Needs the release build; the ratio needs psql.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { goals, say, socketOf } from '../helpers/bench.mjs';
import { startDemo } from '../helpers/server.mjs';
import { atRest, caller, people, provide, stateOf } from '../helpers/sets.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const ROWS = flags.short ? 1_000 : 10_000;
// Goals of the full form in seconds; the short form runs beside other work, so it asserts the same for a tenth of the rows.
const CHECK_S = 5;
const RUN_S = 60;

const { end, judge } = goals(flags.short);
const clock = () => {
  const began = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - began) / 1e9;
};
function bound(name, value, most) {
  judge(value <= most, name, `${value.toFixed(2)}_s`, (value / most).toFixed(3), `<=${most}_s`);
}

/** Seconds of one statement that does to these numbers what the set does to them, rolled back; none without psql. */
function oneStatement(server, tenantId, names) {
  if (spawnSync('psql', ['--version']).error) return undefined;
  const socket = socketOf(server.dataDir);
  const list = names.map((e164) => `'${e164}'`).join(',');
  const sql = `with pair as (
      select e164, 'bench-' || lpad((row_number() over (order by e164) - 1)::text, 5, '0') as target from unnest(array[${list}]) as e164),
    told as (
      update number n set activation_state = 'assignment_pending', assignment_status = 'user', number_seq = number_seq + 1, version = version + 1,
        pending_since = now(), changed_at = now()
      from pair p where n.tenant_id = '${tenantId}' and n.e164 = p.e164 returning n.e164)
    insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
    select '${tenantId}', p.e164, gen_random_uuid(), p.target, 'user', 'Robin Example', 'primary', now(), 1 from pair p join told using (e164)`;
  const script = `set role concord_job;\n\\timing on\nbegin;\n${sql};\nrollback;\n`;
  const run = spawnSync('psql', ['-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', `postgresql://concord@localhost/concord?host=${encodeURIComponent(socket)}`], {
    encoding: 'utf8',
    input: script,
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`psql: ${run.stderr}`);
  if (!run.stdout.includes(`INSERT 0 ${names.length}`)) throw new Error(`the statement wrote other rows: ${run.stdout}`);
  return Math.max(...[...run.stdout.matchAll(/Time: ([\d.]+) ms/g)].map((match) => Number(match[1]))) / 1000;
}

async function measure(server) {
  const { demo, url } = server;
  const org = (kind, slug) => demo[`${kind}s`].find((one) => one.slug === slug).id;
  const harrow = org('tenant', 'harrow');
  const client = (kind, id) => caller(url, demo.api_clients.find((one) => one.org_kind === kind && (kind === 'platform' || one.org_id === id)));
  const [tenant, operator, platform] = [client('tenant', harrow), client('operator', org('operator', 'albion')), client('platform')];
  const names = await provide(operator, harrow, ROWS);
  const ids = await people(platform, harrow, ROWS);
  const before = await stateOf(tenant, names);
  const statement = oneStatement(server, harrow, names);

  let taken = clock();
  const rows = names.map((e164, i) => ({ e164, target_id: ids[i] }));
  const set = await tenant('POST', '/tenant/change-sets', { action: 'assign', name: 'bench', rows });
  bound('change-set-check', taken(), CHECK_S);
  if (set.fine !== ROWS) throw new Error(`${set.fine} rows of ${ROWS} are fine: ${JSON.stringify(set)}`);

  taken = clock();
  await tenant('POST', `/tenant/change-sets/${set.id}/run`, { expected_count: ROWS });
  const done = await atRest(tenant, set.id, 10 * RUN_S * 1000);
  const run = taken();
  if (done.state !== 'done' || done.done !== ROWS) throw new Error(`it ended as ${JSON.stringify(done)}`);
  bound('change-set-run', run, RUN_S);
  say('change-set-rows', `${(ROWS / run).toFixed(0)}_per_s`, '-', '-');
  if (statement === undefined) console.log('the ratio is not measured: there is no psql on PATH');
  else say('change-set-run-over-one-statement', `${run.toFixed(2)}/${statement.toFixed(2)}_s`, (run / statement).toFixed(1), '-');

  taken = clock();
  await tenant('POST', `/tenant/change-sets/${set.id}/undo`);
  const back = await atRest(tenant, set.id, 10 * RUN_S * 1000);
  bound('change-set-undo', taken(), RUN_S);
  const after = await stateOf(tenant, names);
  const unlike = names.filter((e164) => before.get(e164) !== after.get(e164));
  if (back.undone !== ROWS || unlike.length) throw new Error(`${unlike.length} numbers are not as before, such as ${unlike[0]}: ${after.get(unlike[0])}`);
}

const server = await startDemo({ own: true, args: ['--rate-limit', '1000000', '--quiet-operator', '--scale', '0.2'] });
try {
  await measure(server);
} finally {
  await server.stop();
}
end();
