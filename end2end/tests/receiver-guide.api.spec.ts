// The examples of the receiver's guide, as they stand on the page, against real deliveries of the demo.
import { expect, test } from '@playwright/test';
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
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
  /** Where it runs. */
  folder: string;
  /** What it has printed. */
  lines(): string[];
  /** Its exit code, `null` when it was stopped. */
  ended: Promise<number | null>;
  stop(): void;
}

/** Starts an example in a folder of its own, or once more where it ran before. */
function start(file: string, env: Record<string, string>, again?: string): Example {
  mkdirSync(below, { recursive: true });
  const folder = again ?? mkdtempSync(join(below, 'guide-'));
  copyFileSync(join(guide, file), join(folder, file));
  const program = file.endsWith('.py') ? python() : process.execPath;
  const child: ChildProcess = spawn(program, [file], { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout?.on('data', (part) => (out += part));
  return {
    folder,
    lines: () => out.split('\n').filter(Boolean),
    ended: new Promise((go) => child.on('exit', go)),
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listens(url: string): Promise<void> {
  await until(() => fetch(url, { method: 'POST', body: '{}' }).then((answer) => answer.status, () => 0), (status) => status > 0, `an answer of ${url}`);
}

/** Serves on a port of its own while `work` runs. */
async function serving(answer: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
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
    const now = Date.now();
    const env = { ...base, TOKEN: access_token, HOOK: hook, NAME: `Guide ${file} ${now}`, KEY: `${file}-${now}` };
    const made = await curl('endpoint.sh', env);
    expect(made.secret).toMatch(/^whsec_/);
    expect(await curl('endpoint.sh', env), 'the same key again').toMatchObject({ id: made.id, secret: null });
    const receiver = start(file, { CONCORD_SECRET: made.secret, PORT: new URL(hook).port });
    try {
      await listens(hook);
      expect((await fetch(hook, { method: 'POST', body: '{"type":"number.assigned"}' })).status, 'unsigned').toBe(401);
      expect((await curl('verify.sh', { ...env, ENDPOINT: made.id })).state).toBe('active');

      await assign();
      const told = `route ${number.e164} to sip:${number.e164}@harrow.sip.example;user=phone`;
      await until(async () => receiver.lines(), (lines) => lines.includes(told), `"${told}"`);

      // Sent once more it is taken again, and its work not done twice.
      const triesOf = async (event: string, trigger: string) => {
        const attempts = async () => {
          const all = await client.ok<{ data: { endpoint_id: string; status: number; trigger: string }[] }>('GET', `/events/${event}/attempts`);
          return all.data.filter((one) => one.endpoint_id === made.id);
        };
        const all = await until(attempts, (mine) => mine.some((one) => one.trigger === trigger), `${event} sent again: ${trigger}`);
        return all.map((one) => one.status);
      };
      const sendAgain = async (event: string) => {
        await client.ok('POST', `/events/${event}/redeliver`, { endpoint_id: made.id });
        return triesOf(event, 'redeliver');
      };
      const assigned = await newest('number.assigned');
      expect(await sendAgain(assigned.id)).toEqual([204, 204]);
      expect(receiver.lines().filter((line) => line === told)).toHaveLength(1);

      // An old event sent again is taken, and the number keeps its state; the next change is done as ever.
      const stopped = `stop routing ${number.e164}`;
      expect(await sendAgain(old.id)).toEqual([204]);
      expect(receiver.lines()).not.toContain(stopped);
      await unassign();
      await until(async () => receiver.lines(), (lines) => lines.includes(stopped), `"${stopped}"`);

      // What was taken and lost is counted, then sent again; none of it counts as never taken.
      const range = { ...env, ENDPOINT: made.id, SINCE: made.created_at, ONLY: 'all' };
      const counted = await curl('recover_count.sh', range);
      expect(counted).toMatchObject({ job_id: null });
      expect(counted.count).toBeGreaterThan(0);
      expect((await curl('recover_count.sh', { ...range, ONLY: 'undelivered' })).count).toBeLessThan(counted.count);
      expect((await curl('recover.sh', range)).job_id).toBeTruthy();
      expect(await triesOf(assigned.id, 'recover')).toEqual([204, 204, 204]);
      expect(receiver.lines().filter((line) => line === told)).toHaveLength(1);

      // While the grace lasts the old secret still fits, and no other rotation cuts it off unasked.
      const rotate = (grace_s: number) => client.post(`/endpoints/${made.id}/rotate`, { grace_s });
      const sign = async () => (await client.ok<{ status: number }>('POST', `/endpoints/${made.id}/test`)).status;
      expect((await rotate(3600)).status).toBe(200);
      expect(await sign()).toBe(204);
      const refused = await rotate(3600);
      expect([refused.status, refused.body.code]).toEqual([409, 'rotation_running']);
      expect(await sign()).toBe(204);
      expect((await rotate(0)).status).toBe(200);
      expect(await sign(), 'and then no longer').toBe(401);
    } finally {
      receiver.stop();
      await client.call('DELETE', `/endpoints/${made.id}`);
    }
  });

  test(`${file} does of each type what the guide says, and outlives a broken connection`, async () => {
    const secret = `whsec_${Buffer.from('a secret of this test alone, 32 b').toString('base64')}`;
    const hook = `http://127.0.0.1:${await freePort()}/`;
    const receiver = start(file, { CONCORD_SECRET: secret, PORT: new URL(hook).port });
    let sent = 0;
    const say = async (type: string, more: object = {}) => {
      const [id, at] = [`evt_${++sent}`, new Date()];
      const body = JSON.stringify({ id, type, seq: sent, ...more });
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      };
      return (await fetch(hook, { method: 'POST', headers, body })).status;
    };
    const stands = (number_seq: number, sip_uri: string | null) => ({ number_seq, data: { e164: '+12125550100', sip_uri } });
    try {
      await listens(hook);
      await new Promise<void>((go) => {
        const broken = request(hook, { method: 'POST', headers: { 'content-length': 100 } }).on('error', () => go());
        broken.write('{', () => setTimeout(() => broken.destroy(new Error('gone')), 100));
      });
      const said = [
        await say('number.assigned', stands(1, 'sip:a')),
        await say('event.withheld', { reason: 'consent_suspended' }),
        await say('number.snapshot', stands(1, 'sip:b')),
        await say('number.updated', stands(2, 'sip:c')),
        await say('number.snapshot', stands(1, 'sip:old')),
        await say('number.snapshot', stands(3, null)),
        await say('number.released', stands(4, null)),
        await say('number.of_a_later_day', { data: {} }),
      ];
      expect(said).toEqual(said.map(() => 204));
      const [route, stop] = ['route +12125550100 to sip:', 'stop routing +12125550100'];
      const wanted = [`${route}a`, 'event.withheld 2', `${route}b`, `${route}c`, stop, stop, 'number.of_a_later_day 8'];
      await until(async () => receiver.lines(), (lines) => lines.length >= wanted.length, 'its lines').then((lines) => expect(lines).toEqual(wanted));
    } finally {
      receiver.stop();
    }
  });
}

test('v1a.mjs tells a message signed with our private key from any other', async () => {
  const client = Api.of(demo(), 'operator', 'tidewater');
  let took: { body: string; headers: Record<string, unknown> } | undefined;
  const listener: RequestListener = (asked, response) => {
    let body = '';
    asked.on('data', (part) => (body += part)).on('end', () => {
      took = { body, headers: asked.headers };
      response.writeHead(204).end();
    });
  };
  await serving(listener, async (url) => {
    const made = await client.ok<{ id: string }>('POST', '/endpoints', { url: `${url}/`, signature: 'v1a', description: `Guide v1a ${Date.now()}` });
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
      expect(genuine(body, { ...headers, 'webhook-signature': undefined }, keys), 'unsigned').toBe(false);
      expect(genuine(body, headers, ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='])).toBe(false);
    } finally {
      await client.call('DELETE', `/endpoints/${made.id}`);
    }
  });
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
  const firstTwo = async (example: Example, what: string) => {
    const lines = await until(async () => example.lines().slice(0, 2), (two) => two.length === 2, `two lines of ${what}`);
    expect(lines.map((line) => line.trim())).toEqual(wanted);
  };
  for (const file of ['pull.mjs', 'pull.py']) {
    const example = start(file, { ...base, ...ids, AFTER: from });
    try {
      await firstTwo(example, file);
      // It keeps its position, and goes on from there when it is started again.
      const place = join(example.folder, 'after.txt');
      const kept = async () => Number(existsSync(place) && readFileSync(place, 'utf8'));
      await until(kept, (seq) => seq >= Number(from) + 2, `the position of ${file}`);
      const again = mkdtempSync(join(below, 'guide-'));
      writeFileSync(join(again, 'after.txt'), from);
      const restarted = start(file, { ...base, ...ids }, again);
      try {
        await firstTwo(restarted, `${file}, started again`);
      } finally {
        restarted.stop();
      }
    } finally {
      example.stop();
    }
    // Ahead of the feed it stops rather than wait for what will be left out.
    const ahead = start(file, { ...base, ...ids, AFTER: String((events?.head_seq ?? 0) + 1_000_000) });
    try {
      expect(await ahead.ended).toBe(1);
    } finally {
      ahead.stop();
    }
  }
});

for (const file of ['pull.mjs', 'pull.py']) {
  test(`${file} goes on after faults that pass, and stops when its client is revoked`, async () => {
    const asked: string[] = [];
    let revoked = false;
    const listener: RequestListener = (call, response) => {
      const json = (status: number, value: object, headers = {}) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
      if (call.url === '/oauth/token') {
        if (revoked) json(401, { error: 'invalid_client' });
        else json(200, { access_token: 'given' });
        return;
      }
      asked.push(call.url ?? '');
      if (asked.length === 1) call.socket.destroy();
      else if (asked.length === 2) json(503, {}, { 'retry-after': '1' });
      else if (asked.length === 3) json(200, { data: [{ seq: 1, type: 'event.withheld' }], last_seq: 1, head_seq: 1 });
      else {
        revoked = true;
        json(401, {});
      }
    };
    await serving(listener, async (url) => {
      const example = start(file, { BASE: url, CLIENT_ID: 'a', CLIENT_SECRET: 'b' });
      try {
        expect(await example.ended).toBe(1);
        expect(example.lines().map((line) => line.trim())).toEqual(['1 event.withheld']);
        expect(asked.map((path) => /after=\d+/.exec(path)?.[0])).toEqual(['after=0', 'after=0', 'after=0', 'after=1']);
      } finally {
        example.stop();
      }
    });
  });
}

test('every example stands on the page, to the letter', async () => {
  const html = await (await fetch(`${demo().base_url}/api/docs/notices`)).text();
  const plain = html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const files = readdirSync(guide);
  expect(files.length).toBeGreaterThanOrEqual(11);
  for (const file of files) expect(plain, file).toContain(readFileSync(join(guide, file), 'utf8'));
});
