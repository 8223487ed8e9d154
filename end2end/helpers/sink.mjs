// The end of a delivery bench: a process that takes posts as fast as it can, reading no more of a request than where it ends, and
// notes when each came. Started by `fork`; `{mode}` says what it does with what comes next, `{report: true}` asks for what came.
//   mode: `take` answers 204 at once, `dead` takes the connection and never answers
import { createServer } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');
let mode = 'take';
let messages = [];

function note(head, body) {
  const id = /\r\nwebhook-id: *([^\r]+)/i.exec(head)?.[1] ?? null;
  const text = body.toString('utf8');
  if (text.includes('endpoint.verification')) return JSON.parse(text).data.challenge;
  // Signs of life and tests are no part of the feed.
  if (!text.includes('"seq":null')) messages.push([id, Date.now(), /"occurred_at":"([^"]+)"/.exec(text)?.[1] ?? null, text.includes('"e164"')]);
  return undefined;
}

const server = createServer({ noDelay: true }, (socket) => {
  let buffer = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (part) => {
    buffer = buffer.length ? Buffer.concat([buffer, part]) : part;
    for (;;) {
      const end = buffer.indexOf(HEAD_END);
      if (end < 0) return;
      const head = buffer.subarray(0, end).toString('latin1');
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (buffer.length < end + 4 + length) return;
      const challenge = note(head, buffer.subarray(end + 4, end + 4 + length));
      buffer = buffer.subarray(end + 4 + length);
      if (challenge !== undefined) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${challenge.length}\r\n\r\n${challenge}`);
      else if (mode === 'take') socket.write(ANSWER);
    }
  });
});
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/hook` }));
process.on('message', (said) => {
  if (said.mode) mode = said.mode;
  if (said.forget) messages = [];
  process.send(said.report ? { messages } : said.count ? { count: messages.length } : {});
});
process.on('disconnect', () => process.exit(0));
