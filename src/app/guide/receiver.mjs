// Takes notices: checks the signature, does the work of each once, answers quickly.
// npm install standardwebhooks; CONCORD_SECRET=whsec_… PORT=8080 node receiver.mjs
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.CONCORD_SECRET);
// Both in your database, written in the transaction that does the work.
const done = new Set(); // The ids of events.
const highest = new Map(); // The highest number_seq of each number.

async function take(event) {
  if (done.has(event.id)) return; // Sent before: the answer was lost, or somebody sent it again.
  const e164 = event.number_seq && event.data.e164;
  if (e164 && event.number_seq < highest.get(e164)) return; // Sent again, and its number has changed since.
  switch (event.type) {
    case 'number.assigned':
    case 'number.updated':
    case 'number.snapshot': // All three tell how the number stands.
      console.log(event.data.sip_uri ? `route ${e164} to ${event.data.sip_uri}` : `stop routing ${e164}`);
      break;
    case 'number.unassigned':
    case 'number.released':
      console.log(`stop routing ${e164}`);
      break;
    default: // event.withheld, and what you have no use for or do not know: taken, nothing to do.
      console.log(`${event.type} ${event.seq ?? ''}`);
  }
  if (e164) highest.set(e164, event.number_seq);
  done.add(event.id);
}

/** The event, if its signature fits. */
function verified(body, headers) {
  try {
    return webhook.verify(body, headers);
  } catch {
    return undefined;
  }
}

createServer(async (request, response) => {
  try {
    const parts = [];
    for await (const part of request) parts.push(part);
    // The body as it came: what is parsed and written again no longer fits the signature.
    const event = verified(Buffer.concat(parts).toString('utf8'), request.headers);
    if (!event) {
      response.writeHead(401).end();
    } else if (event.type === 'endpoint.verification') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge: event.data.challenge }));
    } else {
      await take(event);
      response.writeHead(204).end();
    }
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(); // It comes again, and with it what follows on the same number.
  }
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1'); // Behind the proxy that ends TLS.
