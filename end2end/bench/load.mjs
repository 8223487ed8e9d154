// A load generator: a fixed number of connections that each ask for the same address again as soon as they have the answer, for a
// fixed time. wrk where it is on PATH; else a bare one here, which reads no more of an answer than where it ends.
import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { cpus } from 'node:os';

const CONNECTIONS = 16;
const hasWrk = spawnSync('wrk', ['-v']).error === undefined;

/** Which generator is in use. */
export const generator = hasWrk ? 'wrk' : 'node';

/**
 * Asks for `url` for `seconds`.
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {number} seconds
 * @returns {Promise<{perSecond: number, share: number}>} answers a second; the generator's share of the machine's processors
 */
export async function load(url, headers, seconds) {
  return hasWrk ? withWrk(url, headers, seconds) : withSockets(new URL(url), headers, seconds);
}

function withWrk(url, headers, seconds) {
  const more = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout, status, stderr } = spawnSync('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...more, url], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`wrk: ${stderr}`);
  if (/Non-2xx/.test(stdout)) throw new Error(`wrk: not every answer was 200\n${stdout}`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  return { perSecond, share: 0 };
}

async function withSockets(url, headers, seconds) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${lines.join('')}\r\n`);
  const state = { answers: 0, stopping: false };
  const [began, cpu] = [process.hrtime.bigint(), process.cpuUsage()];
  const connections = Array.from({ length: CONNECTIONS }, () => connection(url, request, state));
  const timer = setTimeout(() => (state.stopping = true), seconds * 1000);
  await Promise.all(connections).finally(() => clearTimeout(timer));
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: state.answers / elapsed, share: (user + system) / 1e6 / elapsed / cpus().length };
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** One connection until `state.stopping`. An answer ends after its length, or with the last chunk. */
function connection(url, request, state) {
  return new Promise((done, fail) => {
    const socket = createConnection({ host: url.hostname, port: Number(url.port), noDelay: true });
    let head = Buffer.alloc(0);
    let left = -1; // Bytes of the body to come; -1 in the head, -2 in chunks.
    let tail = Buffer.alloc(0);
    const next = () => {
      state.answers += 1;
      head = Buffer.alloc(0);
      tail = Buffer.alloc(0);
      left = -1;
      if (state.stopping) socket.end();
      else socket.write(request);
    };
    const body = (part) => {
      if (left === -2) {
        tail = part.length >= LAST_CHUNK.length ? part.subarray(-LAST_CHUNK.length) : Buffer.concat([tail, part]).subarray(-LAST_CHUNK.length);
        if (tail.equals(LAST_CHUNK)) next();
      } else {
        left -= part.length;
        if (left === 0) next();
      }
    };
    socket.on('connect', () => socket.write(request));
    socket.on('data', (part) => {
      if (left !== -1) return body(part);
      head = head.length ? Buffer.concat([head, part]) : part;
      const end = head.indexOf(HEAD_END);
      if (end < 0) return undefined;
      const text = head.subarray(0, end).toString('latin1');
      if (!text.startsWith('HTTP/1.1 200 ')) return fail(new Error(`answered with ${text.split('\r\n')[0]}`));
      const length = /\r\ncontent-length: *(\d+)/i.exec(text);
      left = length ? Number(length[1]) : -2;
      return body(head.subarray(end + HEAD_END.length));
    });
    socket.on('error', fail);
    socket.on('close', () => (state.stopping ? done() : fail(new Error('the server closed the connection'))));
  });
}
