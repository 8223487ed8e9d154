// The receiver judges what Concord sends, so it has to be able to say no.
import { expect, test } from '@playwright/test';
import { Webhook } from 'standardwebhooks';
import { startReceiver } from '../helpers/receiver';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

function message(key: string, body: string, at = new Date()): RequestInit {
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)), 'webhook-attempt': '1' };
  return { method: 'POST', body, headers: { ...headers, 'webhook-signature': new Webhook(key).sign('msg_1', at, body) } };
}

test('the receiver takes genuine messages, refuses others and fails on demand', async () => {
  const receiver = await startReceiver();
  try {
    const challenge = await fetch(receiver.hook, { method: 'POST', body: '{"type":"endpoint.verification","data":{"challenge":"c1"}}' });
    expect(await challenge.json()).toEqual({ challenge: 'c1' });

    const body = '{"type":"number.assigned","seq":1,"data":{}}';
    await receiver.control({ secret, forget: true });
    expect((await fetch(receiver.hook, message(secret, body))).status).toBe(204);

    const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
    expect((await fetch(receiver.hook, message(other, body))).status).toBe(401);
    const changed = { ...message(secret, body), body: body.replace('1', '2') };
    expect((await fetch(receiver.hook, changed)).status).toBe(401);
    const old = message(secret, body, new Date(Date.now() - 10 * 60_000));
    expect((await fetch(receiver.hook, old)).status).toBe(401);

    await receiver.control({ fail: 1, status: 503 });
    expect((await fetch(receiver.hook, message(secret, body))).status).toBe(503);
    expect((await fetch(receiver.hook, message(secret, body))).status).toBe(204);

    expect(await receiver.accepted(2)).toHaveLength(2);
    expect(await receiver.all()).toHaveLength(6);
  } finally {
    receiver.stop();
  }
});
