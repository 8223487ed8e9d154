// What the benches share: a line of a measure and whether it keeps its bound, the middle of a list, a token, the demo's database, the receiver that takes all.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { socketOf } from './server.mjs';

export { socketOf };

/** One line a measure. */
export const say = (name, value, ratio, goal) => console.log([name, value, ratio, goal].join(' '));

/**
 * The bounds of one script. `judge` prints a measure and keeps in mind whether it holds; `end` closes with those that do not and sets the
 * exit code. The short form runs beside other work, so it asserts half of a ratio's goal: `margin`.
 */
export function goals(short) {
  const broken = [];
  return {
    margin: short ? 0.5 : 1,
    judge(holds, ...line) {
      say(...line);
      if (!holds) broken.push(line.join(' '));
    },
    end() {
      for (const line of broken) console.log(`broken: ${line}`);
      console.log(broken.length === 0 ? 'within all bounds' : `${broken.length} bounds broken`);
      process.exitCode = broken.length === 0 ? 0 : 1;
    },
  };
}

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** The header `authorization` of an API client, good for an hour. */
export async function bearer(base, { client_id, client_secret }) {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  const answer = await (await fetch(`${base}/oauth/token`, { method: 'POST', body: form })).json();
  return `Bearer ${answer.access_token}`;
}

/** A connection to it as its owner, or as a role. */
export async function connect(dataDir, role) {
  const client = new pg.Client({ host: socketOf(dataDir), user: 'concord', database: 'concord' });
  await client.connect();
  if (role) await client.query(`set role ${role}`);
  return client;
}

/** Starts a receiver of its own process, see sink.mjs. */
export async function startSink() {
  const child = fork(fileURLToPath(new URL('./sink.mjs', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const next = () => new Promise((done) => child.once('message', done));
  const { url } = await next();
  const ask = async (what) => {
    const answer = next();
    child.send(what);
    return answer;
  };
  return {
    url,
    set: (mode) => ask({ mode }),
    forget: () => ask({ forget: true }),
    count: async () => (await ask({ count: true })).count,
    messages: async () => (await ask({ report: true })).messages,
    stop: () => child.disconnect(),
  };
}
