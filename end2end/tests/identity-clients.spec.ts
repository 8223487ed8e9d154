import { as, axe, expect, press, test } from '../helpers';
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
