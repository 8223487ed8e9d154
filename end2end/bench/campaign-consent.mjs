// Step 4: consents that change at random while data leaves on every way at once, against a database of its own.
//   node bench/campaign-consent.mjs [--short] [--steps N]
// 10,000 steps (--short: 200) of the model in src/tests/consent_model: no transfer whose gate was not open at its start, what winds
// down always arrives, every receipt stands in the register, and the counts are equal. Ends with 1 when one does not hold.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false }, steps: { type: 'string' } } });
const STEPS = flags.steps ?? (flags.short ? '200' : '10000');
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
// Beside it: the user that Postgres runs under cannot enter a folder of ours.
const folder = mkdtempSync(join(tmpdir(), 'concord-consent.'));
const data = `${folder}-pg`;

const run = (program, args, more = {}) => spawnSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...more });

let code = 1;
try {
  const started = run('.ci/pg', ['start', data]);
  if (started.status !== 0) throw new Error('no database');
  const env = { ...process.env, DATABASE_URL: started.stdout.trim(), CONCORD_MODEL_STEPS: STEPS, SQLX_OFFLINE: 'true' };
  const test = ['test', '--features', 'ssr,chaos', '--test', 'it', 'consent_model', '--', '--nocapture'];
  code = run('cargo', test, { env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
  console.log(`${code === 0 ? 'holds ' : 'BROKEN'} ${STEPS} steps of consents, transfers and their register`);
} finally {
  run('.ci/pg', ['stop', data]);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
