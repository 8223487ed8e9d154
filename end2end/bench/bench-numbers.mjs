// What a million numbers cost a tenant: first page, deep page and searches against the same with a thousand numbers, and the memory of the
// server while all of them are exported.
//   node bench/bench-numbers.mjs [--short]
// Prints `name value ratio goal`, one line a measure; ends with 1 when a bound is broken. Needs the release build and psql.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { goals, median, say, socketOf } from '../helpers/bench.mjs';
import { signInHttp } from '../helpers/http.mjs';
import { accountOf } from '../helpers/pages.mjs';
import { startDemo } from '../helpers/server.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const LARGE = flags.short ? 50_000 : 1_000_000;
const SMALL = 1_000;
const ROUNDS = flags.short ? 25 : 60;
// The goal is for a million. The short form runs beside other work on fifty times the rows: it asserts that nothing grows with the stock.
const RATIO = flags.short ? 10 : 2;
const RESIDENT_MB = 200;

const { end, judge } = goals(flags.short);

if (spawnSync('psql', ['--version']).error) {
  console.log('the inventory is not measured: there is no psql on PATH');
  process.exit(0);
}

const TENANTS = {
  large: { id: '0193f000-0000-7000-8000-00000000a001', calling: '49', rows: LARGE },
  small: { id: '0193f000-0000-7000-8000-00000000a002', calling: '43', rows: SMALL },
};

const args = ['--quiet-operator', '--role', 'web', '--scale', '0.2', '--rate-limit', '1000000'];
let server = await startDemo({ own: true, args });
const { demo, url } = server;
const operators = demo.operators.slice(0, 2);

function psql(sql) {
  const socket = socketOf(server.dataDir);
  const run = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', `postgresql://concord@localhost/concord?host=${encodeURIComponent(socket)}`, ...[sql].flat().flatMap((one) => ['-c', one])], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (run.status !== 0) throw new Error(`psql: ${run.stderr}`);
  return run.stdout.trim();
}

/** The i-th number: blocks of a hundred, scattered over a hundred areas. */
const E164 = (calling) => `'+${calling}' || (200 + i / 10000) || lpad((i / 100 * 7919 % 100000)::text, 5, '0') || lpad((i % 100)::text, 2, '0')`;
const e164 = (calling, i) => `+${calling}${200 + Math.floor(i / 10_000)}${String((Math.floor(i / 100) * 7919) % 100_000).padStart(5, '0')}${String(i % 100).padStart(2, '0')}`;

function seed(slug, { id, calling, rows }, account) {
  const [first, second] = operators;
  psql([
    'set role concord_job',
    `insert into tenant (id, slug, name, country, time_zone, sip_domain, created_at) values ('${id}', '${slug}', '${slug}', 'DE', 'Europe/Berlin', '${slug}.sip.example', now())`,
    `insert into membership (account_id, org_kind, org_id, role, created_at) select id, 'tenant', '${id}', 'admin', now() from account where email = '${account.email}'`,
    `insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, changed_at) select '${id}', o, 'DE', 'numbers', true, gen_random_uuid(), '1', now() from unnest(array['${first.id}', '${second.id}']::uuid[]) as o`,
    `insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, listed, emergency_mode, activation_state, assignment_status,
                         quarantine_until, number_seq, pending_since, created_at, changed_at)
     select '${id}', ${E164(calling)}, case when i % 5 = 0 then '${second.id}' else '${first.id}' end::uuid, 'DE',
            case when i % 1000 = 7 then 'toll_free' else 'geographic' end, case when i % 50 = 0 then 'voice_app' else 'user' end,
            array['inbound', 'outbound', 'user'], 'Area ' || i / 10000, true, 'operator_default',
            case when i % 1000 = 2 then 'assignment_pending' else 'activated' end, case when i % 2 = 0 then 'user' else 'unassigned' end,
            case when i % 101 = 1 then now() + interval '20 days' end, 1, case when i % 1000 = 2 then now() - interval '1 minute' * (i % 90) end, now(),
            now() - interval '1 second' * i
     from generate_series(0, ${rows - 1}) as i`,
    `insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, changed_at)
     select '${id}', 'u' || i, 'user', 'Person' || i || ' Name' || i, 'user' || i || '@${slug}.example', 'DE', true, now() from generate_series(0, ${rows - 1}, 2) as i`,
    `insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
     select '${id}', ${E164(calling)}, gen_random_uuid(), 'u' || i, 'user', 'Person' || i || ' Name' || i, 'primary', now(), 1 from generate_series(0, ${rows - 1}, 2) as i`,
    `insert into number_tag (tenant_id, tag, e164) select '${id}', 'branch', ${E164(calling)} from generate_series(0, ${rows - 1}, 10) as i`,
  ]);
}

/** One page, in milliseconds; it must hold rows. */
async function page(cookie, path, rows) {
  const began = process.hrtime.bigint();
  const answer = await fetch(url + path, { headers: { cookie, accept: 'text/html' } });
  const html = await answer.text();
  const took = Number(process.hrtime.bigint() - began) / 1e6;
  const found = html.split('class="row-link"').length - 1;
  if (answer.status !== 200 || found < 1 || (rows && found !== rows)) throw new Error(`${path} answers ${answer.status} with ${found} rows`);
  return took;
}

/** The same kind of page of both tenants in turn. `of(tenant)` gives its query; both show about as many rows. */
async function compare(cookie, name, of, rows) {
  const took = { large: [], small: [] };
  const path = Object.fromEntries(Object.entries(TENANTS).map(([slug, tenant]) => [slug, `/t/${slug}/numbers?${new URLSearchParams(of(tenant))}`]));
  for (let round = -5; round < ROUNDS; round += 1) {
    for (const slug of round % 2 ? ['large', 'small'] : ['small', 'large']) {
      const ms = await page(cookie, path[slug], rows);
      if (round >= 0) took[slug].push(ms);
    }
  }
  const [large, small] = [median(took.large), median(took.small)];
  judge(large / small <= RATIO, name, `${large.toFixed(1)}/${small.toFixed(1)}_ms`, (large / small).toFixed(2), `<=${RATIO}`);
}

const resident = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

/** Reads an export to its end; the peak of resident memory counts from its start. */
async function exported(cookie, name, path, rows) {
  // 5: forget the peak so far.
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  const began = Date.now();
  const answer = await fetch(url + path, { headers: { cookie } });
  let lines = 0;
  for await (const part of answer.body) for (const byte of part) if (byte === 10) lines += 1;
  const mb = resident();
  judge(mb < RESIDENT_MB, name, `${lines - 1}_rows_in_${((Date.now() - began) / 1000).toFixed(1)}_s`, `${mb.toFixed(0)}_MB`, `<${RESIDENT_MB}_MB`);
  if (lines - 1 !== rows) throw new Error(`${path} holds ${lines - 1} rows of ${rows}`);
}

try {
  const account = accountOf(demo, 'tenant/admin@contoso');
  const began = Date.now();
  for (const [slug, tenant] of Object.entries(TENANTS)) seed(slug, tenant, account);
  psql('vacuum analyze');
  say('seeded', `${LARGE}_and_${SMALL}_numbers`, `${((Date.now() - began) / 1000).toFixed(0)}_s`, '-');
  const cookie = await signInHttp(url, account);
  const place = (tenant, i) => Buffer.from(['number', '', e164(tenant.calling, i)].join('\x1f')).toString('base64url');
  // In the tenants' order by number, blocks are scattered; three quarters of the way is deep enough to see what lies in front.
  const deep = (tenant) => Math.floor(tenant.rows * 0.75);
  await compare(cookie, 'first-page', () => ({}), 50);
  await compare(cookie, 'deep-page', (tenant) => ({ after: place(tenant, deep(tenant)) }));
  await compare(cookie, 'deep-page-by-change', (tenant) => ({ sort: 'changed', state: 'assigned', q: `+${tenant.calling}` }), 50);
  await compare(cookie, 'prefix', (tenant) => ({ q: e164(tenant.calling, 500).slice(0, 9) }));
  // One block and some endings; then three digits that stand in a hundredth of all blocks.
  await compare(cookie, 'any-digits', (tenant) => ({ q: e164(tenant.calling, 700).slice(5, 12) }));
  await compare(cookie, 'any-three-digits', (tenant) => ({ q: e164(tenant.calling, 700).slice(6, 9) }));
  await compare(cookie, 'tag', () => ({ tag: 'branch' }), 50);
  await compare(cookie, 'tag-deep', (tenant) => ({ tag: 'branch', after: place(tenant, Math.floor(tenant.rows * 0.25)) }));
  await compare(cookie, 'person', () => ({ q: 'user500@' }));
  await compare(cookie, 'state', () => ({ state: 'free' }), 50);
  // Exports are measured in a process that has not seeded the demo, whose memory the allocator would keep.
  await server.kill();
  server = await startDemo({ own: true, args, again: { dataDir: server.dataDir, url } });
  await exported(cookie, 'export', '/t/large/numbers.csv', LARGE);
  const ofOperator = await signInHttp(url, accountOf(demo, `operator/admin@${operators[0].slug}`));
  await exported(ofOperator, 'operators-export', `/o/${operators[0].slug}/numbers.csv?tenant=${TENANTS.large.id}`, LARGE * 0.8);
} finally {
  await server.stop();
}
end();
