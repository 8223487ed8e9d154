// Checks a v1a signature. keys: the texts data[].public_key of GET /keys?endpoint_id=…
// If none fits, fetch them again, once a minute at most: they may have been changed.
import { createPublicKey, verify } from 'node:crypto';

const ED25519 = Buffer.from('302a300506032b6570032100', 'hex'); // What stands before the 32 bytes of such a key in DER (RFC 8410).

export function genuine(body, headers, keys) {
  const at = headers['webhook-timestamp'];
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < 300)) return false; // Five minutes old: somebody may have kept it.
  const signed = Buffer.from(`${headers['webhook-id']}.${at}.${body}`);
  const signatures = (headers['webhook-signature'] ?? '').split(' ').filter((one) => one.startsWith('v1a,'));
  return keys.some((key) => {
    const der = Buffer.concat([ED25519, Buffer.from(key.replace(/^whpk_/, ''), 'base64')]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return signatures.some((one) => verify(null, signed, publicKey, Buffer.from(one.slice(4), 'base64')));
  });
}
