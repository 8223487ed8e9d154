// Reads the feed instead of being called: from a stored position on, each page confirmed by asking for the next one.
// BASE=https://… CLIENT_ID=… CLIENT_SECRET=… AFTER=0 node pull.mjs
const { BASE, CLIENT_ID, CLIENT_SECRET } = process.env;
let after = Number(process.env.AFTER ?? 0); // Stored with the work: the position up to which it is done.

async function token() {
  const authorization = `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  const answer = await fetch(`${BASE}/oauth/token`, { method: 'POST', headers: { authorization }, body });
  return (await answer.json()).access_token;
}

let bearer = await token();
for (;;) {
  const answer = await fetch(`${BASE}/api/v1/events?after=${after}&wait=25`, { headers: { authorization: `Bearer ${bearer}` } });
  if (answer.status === 401) {
    bearer = await token(); // The token has ended.
  } else if (answer.status === 429 || answer.status === 503) {
    await new Promise((go) => setTimeout(go, 1000 * Number(answer.headers.get('retry-after') ?? 5)));
  } else if (answer.ok) {
    const page = await answer.json();
    for (const event of page.data) console.log(event.seq, event.type, event.data?.e164 ?? '');
    after = page.last_seq;
  } else {
    throw new Error(await answer.text());
  }
}
