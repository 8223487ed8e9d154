import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { as, axe, expect, follow, press, reloadUntil, test, toast } from '../helpers';
import { askToken } from '../helpers/api';

test('a client is made, its secret shown once and good for a token, and revoked', async ({ page, js }) => {
  const name = `Stock sync ${js ? 'with' : 'without'} scripts ${Date.now()}`;
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/clients');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await press(page, 'Make client');
  // Nothing was ticked: refused at the field, and what was typed is kept.
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(name);
  await expect(page.getByText('Choose at least one scope.')).toBeVisible();
  await axe(page);

  await page.getByLabel(/tenant:read/).check();
  await press(page, 'Make client');
  await expect(page.getByText('It is shown this once')).toBeVisible();
  const secret = await page.locator('code', { hasText: /^ccs_/ }).first().textContent();
  const row = page.getByRole('row', { name });
  const id = (await row.locator('.id').first().textContent())?.trim();
  const token = await askToken(process.env.CONCORD_URL ?? '', id ?? '', secret?.trim() ?? '');
  expect(token.status, token.text).toBe(200);
  expect(token.body.scope).toBe('tenant:read');

  await page.reload();
  await expect(page.getByText(secret ?? 'no secret')).toHaveCount(0);

  await page.getByRole('row', { name }).getByRole('link', { name: /^Revoke/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Revoke');
  await axe(page);
  await press(page, /^Revoke/);
  await expect(page.getByRole('row', { name })).toContainText('Revoked');
  const refused = await askToken(process.env.CONCORD_URL ?? '', id ?? '', secret?.trim() ?? '');
  expect(refused.status).toBe(401);
});

test('a client signs with its own key in place of a secret', async ({ page, js }) => {
  const base = process.env.CONCORD_URL ?? '';
  const name = `Feed reader ${js ? 'with' : 'without'} scripts ${Date.now()}`;
  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/clients');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(/events:read/).check();
  await press(page, 'Make client');
  const secret = (await page.locator('code', { hasText: /^ccs_/ }).first().textContent())?.trim() ?? '';
  await follow(page, name);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  const id = (await page.locator('main .copy code').first().textContent())?.trim() ?? '';
  await expect(page.getByText('No keys yet')).toBeVisible();
  await axe(page);

  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const box = page.getByLabel('Public key', { exact: true });
  await box.fill(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await press(page, 'Add key');
  await expect(page.getByText(/This is a private key/).first()).toBeVisible();
  // Not kept for another try, as what is typed elsewhere.
  await expect(box).toHaveValue('');
  await box.fill('ssh-ed25519 AAAA');
  await press(page, 'Add key');
  await expect(page.getByText(/Paste the public key/).first()).toBeVisible();
  await box.fill(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  await press(page, 'Add key');
  await expect(toast(page)).toContainText('Key added');
  const { x } = publicKey.export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x })).digest('base64url');
  await expect(page.getByRole('row', { name: thumbprint })).toContainText('EdDSA');
  await axe(page);

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const assertion = () => {
    const at = Math.floor(Date.now() / 1000);
    const text = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part({ iss: id, sub: id, aud: `${base}/oauth/token`, iat: at, exp: at + 120, jti: randomUUID() })}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const ask = async (client_assertion: string) => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type, client_assertion });
    const answer = await fetch(`${base}/oauth/token`, { method: 'POST', body: form });
    return { status: answer.status, body: await answer.json() };
  };
  const first = assertion();
  const token = await ask(first);
  expect(token.status, JSON.stringify(token.body)).toBe(200);
  expect(token.body.scope).toBe('events:read');
  expect((await ask(first)).body.error_description).toContain('used before');

  const me = await fetch(`${base}/api/v1/me`, { headers: { authorization: `Bearer ${token.body.access_token}` } });
  expect(me.status).toBe(200);
  await reloadUntil(page, async () => expect(page.getByRole('row', { name: /GET \/me/ })).toContainText('200', { timeout: 1_000 }));
  await follow(page, 'All requests');
  await expect(page.getByRole('row', { name: /GET \/me/ })).toBeVisible();
  await axe(page);
  await page.goBack();

  await follow(page, 'End the secret');
  await axe(page);
  await press(page, 'End the secret');
  await expect(toast(page)).toContainText('Secret ended');
  expect((await askToken(base, id, secret)).status).toBe(401);
  expect((await ask(assertion())).status).toBe(200);

  // The last proof stays until there is another, or the client is revoked.
  await page.getByRole('row', { name: thumbprint }).getByRole('link', { name: /^Remove/ }).click();
  await axe(page);
  await expect(page.getByText(/nothing left that is known to work/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Remove' })).toHaveCount(0);
  expect((await ask(assertion())).status).toBe(200);
});
