// An operator's webhook receiver, as an operator would write it: a process of its own that knows Concord only by the standard
// webhooks library. It verifies every message, answers endpoint verification, and keeps what it has accepted.
//
//   node helpers/receiver.mjs [--port 0] [--secret whsec_…] [--log events.jsonl]
//
// The first line on standard output is {"url": "http://127.0.0.1:PORT"}; with --log each message is one JSON line there.
//   POST /hook            where messages go. ?fail=N is short for a control call with that `fail`, made once for each path
//   POST /control         {"secret": …, "fail": N, "status": 500, "delay_ms": 0, "retry_after": "2", "forget": true}, all optional:
//                         the next N messages get `status` and are not accepted; `forget` empties what was kept;
//                         {"fail_share": 0.1} does the same to the first try of that share of the events, chosen by their ids
//   GET  /events          what came: [{at, id, type, seq, attempt, status, verified, reason, body}], oldest first.
//                         ?accepted=1 leaves out what was refused, ?wait=N answers once there are N of them (20 s at most)
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';

const { values: flags } = parseArgs({
  options: { port: { type: 'string', default: '0' }, secret: { type: 'string' }, log: { type: 'string' } },
});
const LIMIT = 1024 * 1024;
const state = { secrets: flags.secret ? [flags.secret] : [], fail: 0, fail_share: 0, status: 500, delay_ms: 0, retry_after: null };
const messages = [];
const seenFailPaths = new Set();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function read(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > LIMIT) throw new Error('too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Why the message is not genuine, or null when one of our secrets fits. */
function refusal(headers, text) {
  if (state.secrets.length === 0) return 'no secret known';
  let reason = '';
  for (const secret of state.secrets) {
    try {
      new Webhook(secret).verify(text, headers);
      return null;
    } catch (error) {
      reason = error.message;
    }
  }
  return reason;
}

const tried = new Set();
/** Whether this is the first message with the id, and the id is one of those that fail once. */
function firstTryFails(id) {
  if (tried.has(id)) return false;
  tried.add(id);
  return createHash('sha256').update(String(id)).digest().readUInt32BE() / 2 ** 32 < state.fail_share;
}

async function hook(request, url) {
  const text = await read(request);
  const fail = url.searchParams.get('fail');
  if (fail && !seenFailPaths.has(url.href)) {
    seenFailPaths.add(url.href);
    state.fail = Number(fail);
  }
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return [400, { reason: 'not JSON' }];
  }
  const reason = refusal(request.headers, text);
  // The secret is shown only once the endpoint exists, which asks for the challenge at once: it is answered unverified.
  const challenge = body.type === 'endpoint.verification' ? body.data?.challenge : undefined;
  const next = state.fail > 0 && challenge === undefined;
  if (next) state.fail -= 1;
  const failing = next || (challenge === undefined && firstTryFails(request.headers['webhook-id']));
  const status = failing ? state.status : challenge !== undefined ? 200 : reason ? 401 : 204;
  const message = {
    at: new Date().toISOString(),
    id: request.headers['webhook-id'],
    type: body.type,
    seq: body.seq ?? null,
    attempt: Number(request.headers['webhook-attempt'] ?? 0) || null,
    status,
    verified: reason === null,
    reason,
    body,
  };
  messages.push(message);
  if (flags.log) appendFileSync(flags.log, `${JSON.stringify(message)}\n`);
  if (state.delay_ms) await sleep(state.delay_ms);
  return [status, challenge === undefined ? (reason && !failing ? { reason } : null) : { challenge }];
}

async function events(url) {
  const accepted = url.searchParams.has('accepted');
  const list = () => messages.filter((m) => !accepted || (m.verified && m.status < 300));
  const wanted = Number(url.searchParams.get('wait') ?? 0);
  for (const until = Date.now() + 20_000; list().length < wanted && Date.now() < until; ) await sleep(50);
  return [200, list()];
}

async function control(request) {
  const { secret, secrets, forget, ...rest } = JSON.parse((await read(request)) || '{}');
  if (secret) state.secrets = [secret];
  if (secrets) state.secrets = secrets;
  if (forget) messages.length = 0;
  for (const key of Object.keys(rest)) if (!(key in state)) return [400, { reason: `unknown: ${key}` }];
  Object.assign(state, rest);
  return [200, { ...state, secrets: state.secrets.length }];
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const route = `${request.method} ${url.pathname}`;
  let answer;
  try {
    if (request.method === 'POST' && url.pathname.startsWith('/hook')) answer = await hook(request, url);
    else if (route === 'POST /control') answer = await control(request);
    else if (route === 'GET /events') answer = await events(url);
    else answer = [404, { reason: 'no such path' }];
  } catch (error) {
    answer = [400, { reason: String(error.message) }];
  }
  const [status, body] = answer;
  const headers = { 'content-type': 'application/json' };
  if (status >= 400 && state.retry_after) headers['retry-after'] = state.retry_after;
  response.writeHead(status, headers).end(body === null ? undefined : JSON.stringify(body));
});
server.listen(Number(flags.port), '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
// Ends with the test that started it, also when that test was killed: its standard input closes then.
process.stdin.on('end', () => process.exit(0)).on('error', () => {}).resume();
