// An operator provides numbers by a file in which not every row is right.
import { as, axe, demo, expect, press, test } from '../helpers';
import { Api, type NumberLine } from '../helpers/api';
import { claim } from '../helpers/claim';

const sizes = Array.from({ length: 200 }, (_, i) => i);
/** A Leeds number that nobody has, from the range kept for fiction, for this test alone. */
const fresh = () => claim('fresh', sizes, String) + 700;

test('a file with bad rows: each gets its verdict, the good ones go in, the tenant sees them', async ({ page }) => {
  const e164 = `+441134960${fresh()}`;
  const taken = (await Api.of(demo(), 'operator', 'albion').ok<{ data: NumberLine[] }>('GET', '/numbers?limit=1')).data[0].e164;
  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/numbers/upload');
  await axe(page);

  const template = await page.request.get('/o/albion/numbers/template.csv');
  expect(template.status()).toBe(200);
  expect(await template.text()).toMatch(/^\W?e164,/);

  const file = [`e164,tenant,usage,kind,city`, `${e164},harrow,user,geographic,Leeds`, `${e164},harrow,user,geographic,Leeds`, `+44,harrow,user,geographic,Leeds`, `${taken},harrow,user,geographic,Leeds`, `+441134960${fresh()},nobody,user,geographic,Leeds`, ''].join('\r\n');
  await page.getByLabel('File (CSV)').setInputFiles({ name: 'november.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await press(page, 'Check the file');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('november.csv');
  const row = (text: string | RegExp) => page.getByRole('row').filter({ hasText: text });
  await expect(page.getByRole('row')).toHaveCount(6);
  await expect(row('Fine')).toHaveCount(1);
  await expect(row('Refused')).toHaveCount(4);
  await axe(page);

  // Checking has changed nothing.
  const albion = Api.of(demo(), 'operator', 'albion');
  expect((await albion.get(`/numbers/${e164}`)).status).toBe(404);

  await press(page, /^Run/);
  await expect(page).toHaveURL(/\/o\/albion\/orders\//);
  await expect(row('Refused')).toHaveCount(4);
  await axe(page);
  const rejected = await page.request.get(`${page.url()}/rejected.csv`);
  expect(rejected.status()).toBe(200);
  expect((await rejected.text()).trim().split('\r\n')).toHaveLength(5);
  expect((await albion.get(`/numbers/${e164}`)).status).toBe(200);

  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers/${e164}`);
  await expect(page.locator('ol.timeline')).toContainText('Albion Voice');
});

test('what is no file of numbers is refused with the form as it was', async ({ page }) => {
  await as(page, 'operator/provisioner', 'albion');
  for (const [name, text] of [
    ['wrong-head.csv', 'number,owner\r\n+441134960001,harrow\r\n'],
    ['empty.csv', ''],
    ['picture.csv', '\u0000\u0001\u0002\ufffd'],
  ]) {
    await page.goto('/o/albion/numbers/upload');
    await page.getByLabel('File (CSV)').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') });
    await press(page, 'Check the file');
    await expect(page, name).toHaveURL(/\/numbers\/upload$/);
    await expect(page.locator('.error, .toast[data-tone=danger], .band[data-tone=danger]').first(), name).toBeVisible();
  }
  await axe(page);
});

test('pasted rows are checked like a file, and can be dropped', async ({ page }) => {
  const e164 = `+441134960${fresh()}`;
  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/numbers/upload');
  await page.locator('textarea[name=text]').fill(`e164,tenant,usage\n${e164},harrow,user\n`);
  await press(page, 'Check the file');
  await expect(page.getByRole('row').filter({ hasText: 'Fine' })).toHaveCount(1);
  await press(page, 'Drop the file');
  await expect(page).toHaveURL(/\/numbers\/upload$/);
  expect((await Api.of(demo(), 'operator', 'albion').get(`/numbers/${e164}`)).status).toBe(404);
});
