// Starts and stops a demo server of our own: a fresh data directory, a free port, the release build. Also a second process beside it.
// Used by the Playwright set-up, by the screenshots and by the benches.
// CONCORD_BIN names the binary; CONCORD_DATA_DIR with CONCORD_URL names a server that runs already, which is then left alone.
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A TCP port of the loopback address that nobody uses at the moment. */
export function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Reads demo.json: addresses, sign-ins, API clients and organisations of a running demo server. */
export function readDemo(dataDir = process.env.CONCORD_DATA_DIR) {
  if (!dataDir) throw new Error('no demo server: CONCORD_DATA_DIR is not set');
  return JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'));
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Sends `signal` to a process that we started, and waits for its end. True when it has ended. */
async function end(pid, signal, ms) {
  try {
    process.kill(pid, signal);
  } catch {
    return true;
  }
  for (const until = Date.now() + ms; Date.now() < until; await sleep(50)) if (!alive(pid)) return true;
  return false;
}

/** Where the database of a demo server listens. */
export const socketOf = (dataDir) => readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[4];

/** The binary to run. */
function program() {
  const binary = resolve(root, process.env.CONCORD_BIN ?? 'target/dist/concord');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build, or set CONCORD_BIN`);
  return binary;
}

/** Runs the binary. `ended` says how it ended, `kill` ends it by SIGKILL, `stop` by SIGTERM; `ready` waits until it is. */
function launch(binary, args, url, log) {
  const out = openSync(log, 'a');
  // Not DATABASE_URL: each demo server has its own embedded database in its data directory.
  const { DATABASE_URL: _ignored, ...env } = process.env;
  const child = spawn(binary, [...args, '--listen', url.slice(7)], {
    cwd: root,
    stdio: ['ignore', out, out],
    env: {
      ...env,
      LEPTOS_OUTPUT_NAME: 'concord',
      LEPTOS_SITE_ROOT: join(dirname(binary), 'site'),
      // Beside a release build is the list of its files' hashed names.
      LEPTOS_HASH_FILES: String(existsSync(join(dirname(binary), 'hash.txt'))),
    },
  });
  closeSync(out);
  const run = { pid: child.pid, ended: null };
  child.on('exit', (code, signal) => (run.ended = `exit ${code ?? signal}`));
  child.on('error', (error) => (run.ended = String(error)));

  run.kill = async () => {
    await end(child.pid, 'SIGKILL', 5_000);
    while (run.ended === null) await sleep(10);
  };

  run.stop = async () => {
    const clean = run.ended !== null || (await end(child.pid, 'SIGTERM', 30_000));
    if (!clean) await end(child.pid, 'SIGKILL', 5_000);
    return clean;
  };

  /** Undefined once it is ready, else why it is not. */
  run.ready = async (timeoutMs, also = () => true) => {
    for (const until = Date.now() + timeoutMs; run.ended === null && Date.now() < until; await sleep(200)) {
      const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then((r) => r.ok, () => false);
      if (ready && also()) return undefined;
    }
    return `${run.ended ?? `not ready after ${timeoutMs / 1000} s`}\n${readFileSync(log, 'utf8').split('\n').slice(-40).join('\n')}`;
  };
  return run;
}

/**
 * Starts `concord demo` and waits until it is ready.
 * @param {{args?: string[], seed?: number, timeoutMs?: number, own?: boolean, again?: {dataDir: string, url: string}}} [options]
 *   `own`: also when a server runs already; `again`: where a killed one ran, with its data and address
 * @returns {Promise<{url: string, dataDir: string, pid: number|null, demo: object, stop: () => Promise<void>, kill: () => Promise<void>}>}
 *   `kill`: ends the server by SIGKILL, and leaves its data and its database as they are
 */
export async function startDemo({ args = [], seed = 1, timeoutMs = 240_000, own = false, again } = {}) {
  if (!own && process.env.CONCORD_URL && process.env.CONCORD_DATA_DIR) {
    const dataDir = process.env.CONCORD_DATA_DIR;
    return { url: process.env.CONCORD_URL, dataDir, pid: null, demo: readDemo(dataDir), stop: async () => {}, kill: async () => {} };
  }
  const binary = program();
  const dataDir = again?.dataDir ?? mkdtempSync(join(tmpdir(), 'concord-demo-'));
  // As root, Postgres runs under another user, which has to pass here to reach its own folder.
  chmodSync(dataDir, 0o711);
  const url = again?.url ?? `http://127.0.0.1:${await freePort()}`;
  const run = launch(binary, ['demo', '--data-dir', dataDir, '--seed', String(seed), ...args], url, join(dataDir, 'server.log'));

  const stop = async () => {
    const clean = await run.stop();
    // A server that was killed or broke down leaves its database running.
    const lock = join(dataDir, 'postgres/postmaster.pid');
    if (existsSync(lock)) await end(Number.parseInt(readFileSync(lock, 'utf8'), 10), 'SIGQUIT', 10_000);
    if (process.env.CONCORD_KEEP) console.error(`kept ${dataDir}`);
    else rmSync(dataDir, { recursive: true, force: true });
    if (!clean) throw new Error('the demo server did not stop within 30 s of SIGTERM');
  };

  const why = await run.ready(timeoutMs, () => existsSync(join(dataDir, 'demo.json')));
  if (why === undefined) return { url, dataDir, pid: run.pid, demo: readDemo(dataDir), stop, kill: run.kill };
  await stop().catch(() => {});
  throw new Error(`concord demo: ${why}`);
}

/**
 * Starts `concord serve --role jobs` beside a demo server, on its database and with its key, and waits until it is ready. Stop it before
 * the server, which stops the database.
 * @param {{dataDir: string}} server
 * @param {string[]} [args] what the server was told about deliveries
 * @returns {Promise<{pid: number, stop: () => Promise<void>, kill: () => Promise<void>}>}
 */
export async function startJobs({ dataDir }, args = []) {
  const database = `postgres://concord@localhost:5432/concord?host=${socketOf(dataDir)}`;
  const url = `http://127.0.0.1:${await freePort()}`;
  // Endpoints on a loopback address are the demo's own.
  const all = ['serve', '--role', 'jobs', '--data-dir', dataDir, '--database-url', database, '--allow-endpoint-cidr', '127.0.0.0/8', ...args];
  const run = launch(program(), all, url, join(dataDir, 'jobs.log'));
  const stop = async () => {
    if (!(await run.stop())) throw new Error('the jobs process did not stop within 30 s of SIGTERM');
  };
  const why = await run.ready(60_000);
  if (why === undefined) return { pid: run.pid, stop, kill: run.kill };
  await run.kill();
  throw new Error(`concord serve --role jobs: ${why}`);
}
