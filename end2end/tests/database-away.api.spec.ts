// The database goes away for ten seconds and comes back: first as a machine that stands still, then as a server that is gone.
// On a server of its own. Only processes of its own are touched, each by its id.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Demo } from '../helpers';
import { Api, until } from '../helpers/api';
import { startDemo } from '../helpers/server.mjs';

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
let server: Awaited<ReturnType<typeof startDemo>>;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  test.setTimeout(240_000);
  server = await startDemo({ own: true, args: ['--quiet-operator', '--scale', '0.05'] });
});
test.afterAll(() => server?.stop());

const lockFile = () => join(server.dataDir, 'postgres/postmaster.pid');
const postmaster = () => Number.parseInt(readFileSync(lockFile(), 'utf8'), 10);

/** The processes of our own cluster. */
function family(): number[] {
  const root = postmaster();
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return [root, ...all.filter(([, parent]) => parent === root).map(([pid]) => pid)];
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; retryAfter: string | null; ms: number; text: string }> {
  const began = Date.now();
  const response = await fetch(server.url + path, { headers, redirect: 'manual', signal: AbortSignal.timeout(25_000) });
  return { status: response.status, retryAfter: response.headers.get('retry-after'), ms: Date.now() - began, text: await response.text() };
}

async function away(what: () => Promise<{ status: number; retryAfter: string | null; ms: number }>, name: string): Promise<void> {
  const answer = await what();
  expect(answer.status, name).toBe(503);
  expect(Number(answer.retryAfter), `${name}: Retry-After`).toBeGreaterThan(0);
}

test('gone: 503 with Retry-After on pages and calls, and well again without a restart', async () => {
  test.setTimeout(120_000);
  const harrow = Api.of(server.demo as Demo, 'tenant', 'harrow');
  const authorization = `Bearer ${await harrow.bearer()}`;
  const call = () => ask('/api/v1/tenant/numbers?limit=1', { authorization });
  expect((await call()).status).toBe(200);
  expect((await ask('/readyz')).status).toBe(200);

  const pid = postmaster();
  // As it was started; the file goes with the process.
  const options = readFileSync(join(server.dataDir, 'postgres/postmaster.opts'), 'utf8').trim();
  const [program, ...args] = [options.split(' ')[0], ...[...options.matchAll(/"([^"]*)"/g)].map((match) => match[1])];
  const owner = statSync(join(server.dataDir, 'postgres'));
  process.kill(pid, 'SIGQUIT');
  await sleep(500);
  try {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(1_000)) {
      await away(call, 'a call');
      await away(() => ask('/readyz'), 'readiness');
      await away(() => ask('/account', { cookie: 'concord_session=x; id=x' }).then((answer) => (answer.status === 503 ? answer : call())), 'a page');
      expect((await ask('/livez')).status, 'the process itself is well').toBe(200);
    }
  } finally {
    const root = process.getuid?.() === 0;
    const child = spawn(program, args, { cwd: join(server.dataDir, 'postgres'), detached: true, stdio: 'ignore', ...(root ? { uid: owner.uid, gid: owner.gid } : {}) });
    child.unref();
  }
  await until(() => ask('/readyz'), (answer) => answer.status === 200, 'readiness', 30_000);
  await until(call, (answer) => answer.status === 200, 'a call that works', 15_000);
  // And it goes on working, on every connection of the pool.
  const many = await Promise.all(Array.from({ length: 40 }, call));
  expect(many.map((answer) => answer.status)).toEqual(many.map(() => 200));
});

test('standing still: nothing hangs for long, and all is well once it goes on', async () => {
  test.setTimeout(120_000);
  const harrow = Api.of(server.demo as Demo, 'tenant', 'harrow');
  const authorization = `Bearer ${await harrow.bearer()}`;
  const call = () => ask('/api/v1/tenant/numbers?limit=1', { authorization });
  const stopped = family();
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  const waiting: ReturnType<typeof call>[] = [];
  try {
    // More than there are connections: who gets none is refused, who has one waits with it.
    for (let i = 0; i < 40; i += 1) waiting.push(call());
    await sleep(10_000);
    expect((await ask('/livez')).status, 'the process itself is well').toBe(200);
  } finally {
    for (const pid of stopped.reverse()) process.kill(pid, 'SIGCONT');
  }
  const answers = await Promise.all(waiting);
  for (const answer of answers) {
    expect([200, 503], answer.text).toContain(answer.status);
    if (answer.status === 503) expect(Number(answer.retryAfter)).toBeGreaterThan(0);
    expect(answer.ms, 'once it goes on, nobody waits any longer').toBeLessThan(20_000);
  }
  expect(answers.some((answer) => answer.status === 503), 'somebody was refused').toBe(true);
  await until(call, (answer) => answer.status === 200, 'a call that works', 30_000);
  const many = await Promise.all(Array.from({ length: 40 }, call));
  expect(many.map((answer) => answer.status)).toEqual(many.map(() => 200));
});
