// Reads the feed instead of being called: each page is confirmed by asking for the next one.
// BASE=https://… CLIENT_ID=… CLIENT_SECRET=… node pull.mjs; with AFTER=… it begins there the first time, else at 0.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const { BASE, CLIENT_ID, CLIENT_SECRET, AFTER = '0' } = process.env;
const place = 'after.txt'; // The position up to which the work is done. In your database it is written with the work.
let after = existsSync(place) ? readFileSync(place, 'utf8') : AFTER;

/** Calls until there is an answer: a lost connection, 5xx and 429 pass. */
async function call(path, init) {
  for (;;) {
    let pause = 5;
    try {
      const answer = await fetch(BASE + path, { ...init, signal: AbortSignal.timeout(40_000) });
      const body = await answer.text();
      if (answer.status < 500 && answer.status !== 429) return { status: answer.status, body };
      pause = Number(answer.headers.get('retry-after')) || pause;
    } catch (error) {
      console.error(error);
    }
    await setTimeout(1000 * pause);
  }
}

async function token() {
  const headers = { authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` };
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  const { status, body } = await call('/oauth/token', { method: 'POST', headers, body: form });
  if (status !== 200) throw new Error(`No token: ${body}`); // Revoked, or a wrong secret: trying again does not help.
  return JSON.parse(body).access_token;
}

let bearer = await token();
for (;;) {
  const { status, body } = await call(`/api/v1/events?after=${after}&wait=25`, { headers: { authorization: `Bearer ${bearer}` } });
  if (status === 401) {
    bearer = await token(); // The old one has ended.
  } else if (status === 200) {
    const page = JSON.parse(body);
    for (const event of page.data) console.log(event.seq, event.type, event.data?.e164 ?? '');
    after = page.last_seq;
    writeFileSync(`${place}.new`, String(after));
    renameSync(`${place}.new`, place);
  } else {
    throw new Error(body);
  }
}
