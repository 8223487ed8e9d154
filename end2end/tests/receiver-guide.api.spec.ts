// The examples of the receiver's guide, as they stand on the page, against real deliveries of the demo.
import { expect, test } from '@playwright/test';
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { demo } from '../helpers';
import { Api, freeNumber, freePerson, until } from '../helpers/api';
import { freePort } from '../helpers/server.mjs';

const guide = fileURLToPath(new URL('../../src/app/guide/', import.meta.url));
// Below end2end, where Node finds the library.
const below = fileURLToPath(new URL('../test-results/', import.meta.url));
const run = promisify(execFile);

/** The Python that has the library; .ci/python installs it. */
function python(): string {
  const path = process.env.CONCORD_PYTHON ?? join(process.env.HOME ?? homedir(), '.cache/concord/python/bin/python');
  if (!existsSync(path)) throw new Error(`${path} is missing: the Python examples need Python 3.9 or newer; run .ci/python`);
  return path;
}

/** Runs a curl example with these variables; gives the JSON that it prints. */
async function curl(file: string, env: Record<string, string>): Promise<any> {
  const { stdout } = await run('bash', [join(guide, file)], { env: { PATH: process.env.PATH ?? '', ...env } });
  return JSON.parse(stdout);
}

interface Example {
  /** What it has printed. */
  lines(): string[];
  stop(): void;
}

/** Starts an example in a folder of its own. */
function start(file: string, env: Record<string, string>): Example {
  mkdirSync(below, { recursive: true });
  const folder = mkdtempSync(join(below, 'guide-'));
  copyFileSync(join(guide, file), join(folder, file));
  const program = file.endsWith('.py') ? python() : process.execPath;
  const child: ChildProcess = spawn(program, [file], { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout?.on('data', (part) => (out += part));
  return {
    lines: () => out.split('\n').filter(Boolean),
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listens(url: string): Promise<void> {
  await until(() => fetch(url, { method: 'POST', body: '{}' }).then((answer) => answer.status, () => 0), (status) => status > 0, `an answer of ${url}`);
}

for (const file of ['receiver.mjs', 'receiver.py']) {
  test(`${file} takes pushes of the demo and refuses what is not genuine`, async () => {
    const client = Api.of(demo(), 'operator', 'tidewater');
    const harrow = Api.of(demo(), 'tenant', 'harrow');
    const number = await freeNumber(harrow, '+1212555');
    const person = await freePerson(harrow, 'US');
    const assign = () => harrow.ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
    const unassign = () => harrow.ok<{ number_seq: number }>('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });
    const newest = async (type: string) => {
      const events = await client.ok<{ data: { id: string; number_seq: number }[] }>('GET', `/events?e164=${encodeURIComponent(number.e164)}&type=${type}&limit=1000`);
      return events.data[events.data.length - 1];
    };
    // From before the endpoint, which gets it only when it is asked for.
    await assign();
    const { number_seq } = await unassign();
    const old = await until(() => newest('number.unassigned'), (event) => event?.number_seq === number_seq, 'the event of the first unassignment');
    const base = { BASE: demo().base_url };
    const { access_token } = await curl('token.sh', { ...base, CLIENT_ID: client.client.client_id, CLIENT_SECRET: client.client.client_secret });
    const hook = `http://127.0.0.1:${await freePort()}/`;
    const env = { ...base, TOKEN: access_token };
    const made = await curl('endpoint.sh', { ...env, HOOK: hook, NAME: `Guide ${file} ${Date.now()}` });
    expect(made.secret).toMatch(/^whsec_/);
    const receiver = start(file, { CONCORD_SECRET: made.secret, PORT: new URL(hook).port });
    try {
      await listens(hook);
      expect((await fetch(hook, { method: 'POST', body: '{"type":"number.assigned"}' })).status, 'unsigned').toBe(401);
      expect((await curl('verify.sh', { ...env, ENDPOINT: made.id })).state).toBe('active');

      await assign();
      const told = `route ${number.e164} to sip:${number.e164}@harrow.sip.example;user=phone`;
      await until(async () => receiver.lines(), (lines) => lines.includes(told), `"${told}"`);

      // Sent once more it is taken again, and its work not done twice.
      const sendAgain = async (event: string) => {
        await client.ok('POST', `/events/${event}/redeliver`, { endpoint_id: made.id });
        const attempts = async () => {
          const all = await client.ok<{ data: { endpoint_id: string; status: number; trigger: string }[] }>('GET', `/events/${event}/attempts`);
          return all.data.filter((one) => one.endpoint_id === made.id);
        };
        const all = await until(attempts, (mine) => mine.some((one) => one.trigger === 'redeliver'), `${event} sent again`);
        return all.map((one) => one.status);
      };
      expect(await sendAgain((await newest('number.assigned')).id)).toEqual([204, 204]);
      expect(receiver.lines().filter((line) => line === told)).toHaveLength(1);

      // An old event sent again is taken, and the number keeps its state; the next change is done as ever.
      const stopped = `stop routing ${number.e164}`;
      expect(await sendAgain(old.id)).toEqual([204]);
      expect(receiver.lines()).not.toContain(stopped);
      await unassign();
      await until(async () => receiver.lines(), (lines) => lines.includes(stopped), `"${stopped}"`);

      // While the grace lasts the old secret still fits.
      await client.ok('POST', `/endpoints/${made.id}/rotate`, { grace_s: 3600 });
      expect((await client.ok<{ status: number }>('POST', `/endpoints/${made.id}/test`)).status).toBe(204);
      await client.ok('POST', `/endpoints/${made.id}/rotate`, { grace_s: 0 });
      expect((await client.ok<{ status: number }>('POST', `/endpoints/${made.id}/test`)).status, 'and then no longer').toBe(401);

      const since = new Date(Date.now() - 60_000).toISOString();
      expect(await curl('recover.sh', { ...env, ENDPOINT: made.id, SINCE: since })).toMatchObject({ job_id: null });
    } finally {
      receiver.stop();
      await client.call('DELETE', `/endpoints/${made.id}`);
    }
  });
}

test('v1a.mjs tells a message signed with our private key from any other', async () => {
  const client = Api.of(demo(), 'operator', 'tidewater');
  let took: { body: string; headers: Record<string, unknown> } | undefined;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part)).on('end', () => {
      took = { body, headers: request.headers };
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  const { port } = server.address() as AddressInfo;
  const made = await client.ok<{ id: string }>('POST', '/endpoints', { url: `http://127.0.0.1:${port}/`, signature: 'v1a', description: `Guide v1a ${Date.now()}` });
  try {
    const { genuine } = (await import(join(guide, 'v1a.mjs'))) as { genuine: (body: string, headers: object, keys: string[]) => boolean };
    expect((await client.ok<{ status: number }>('POST', `/endpoints/${made.id}/test`)).status).toBe(204);
    const answer = await fetch(`${demo().base_url}/api/v1/keys?endpoint_id=${made.id}`);
    const keys = ((await answer.json()) as { data: { public_key: string }[] }).data.map((key) => key.public_key);
    expect(keys).toHaveLength(1);
    const { body, headers } = took ?? { body: '', headers: {} };
    expect(genuine(body, headers, keys)).toBe(true);
    expect(genuine(body.replace('endpoint.test', 'number.assigned'), headers, keys)).toBe(false);
    expect(genuine(body, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) }, keys)).toBe(false);
    expect(genuine(body, headers, ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='])).toBe(false);
  } finally {
    server.close();
    await client.call('DELETE', `/endpoints/${made.id}`);
  }
});

test('the pull examples read the feed from a position on', async () => {
  const client = Api.of(demo(), 'operator', 'tidewater');
  const ids = { CLIENT_ID: client.client.client_id, CLIENT_SECRET: client.client.client_secret };
  const base = { BASE: demo().base_url };
  const { data: feeds } = await client.ok<{ data: { feed: string; head_seq: number; acked_seq: number; sealed_at: string }[] }>('GET', '/feeds');
  const events = feeds.find((feed) => feed.feed === 'events');
  expect(events?.head_seq).toBeGreaterThan(3);
  // The demo's own reader has confirmed it, so that confirming it again changes nothing for others.
  const from = String((events?.acked_seq ?? 0) - 2);
  const { access_token } = await curl('token.sh', { ...base, ...ids });
  const page = await curl('pull.sh', { ...base, TOKEN: access_token, AFTER: from, WAIT: '0' });
  expect(page.data[0].seq).toBe(Number(from) + 1);
  const wanted = page.data.slice(0, 2).map((event: { seq: number; type: string; data?: { e164?: string } }) => `${event.seq} ${event.type} ${event.data?.e164 ?? ''}`.trim());
  for (const file of ['pull.mjs', 'pull.py']) {
    const example = start(file, { ...base, ...ids, AFTER: from });
    try {
      await until(async () => example.lines().slice(0, 2).map((line) => line.trim()), (lines) => lines.length === 2, `two lines of ${file}`).then((lines) => expect(lines).toEqual(wanted));
    } finally {
      example.stop();
    }
  }
});

test('every example stands on the page, to the letter', async () => {
  const html = await (await fetch(`${demo().base_url}/api/docs/notices`)).text();
  const plain = html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const files = readdirSync(guide);
  expect(files.length).toBeGreaterThanOrEqual(9);
  for (const file of files) expect(plain, file).toContain(readFileSync(join(guide, file), 'utf8'));
});
