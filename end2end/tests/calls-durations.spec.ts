// An operator sends durations by hand, mends what was rejected, and closes a day.
import { as, axe, demo, expect, press, test } from '../helpers';
import { Api, type NumberLine } from '../helpers/api';

const head = 'operator_ref,e164,other_party,direction,answered_at,duration_s';
const albion = () => Api.of(demo(), 'operator', 'albion');
/** A number of harrow's that albion serves. */
async function numberOf(): Promise<string> {
  const harrow = demo().tenants.find((t) => t.slug === 'harrow');
  return (await albion().ok<{ data: NumberLine[] }>('GET', `/numbers?limit=1&tenant_id=${harrow?.id}`)).data[0].e164;
}
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
const reference = () => `hand-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;

test('a file: every row has a verdict, and the rejects go in once they are mended', async ({ page }) => {
  const [e164, ref] = [await numberOf(), reference()];
  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/durations');
  await axe(page);
  await page.getByRole('link', { name: 'Upload a batch' }).first().click();
  await expect(page).toHaveURL(/\/durations\/upload$/);
  await axe(page);
  const template = await page.request.get('/o/albion/durations/template.csv');
  expect((await template.text()).startsWith('operator_ref,sip_call_id,e164,')).toBe(true);

  const rows = [`${ref}-1,${e164},+441632960001,outbound,${ago(3)},61.25`, `${ref}-2,${e164},+441632960001,inbound,yesterday,5`, `${ref}-3,+999123456789,,inbound,${ago(3)},5`];
  const file = [head, ...rows, ''].join('\r\n');
  await page.getByLabel(/^File/).setInputFiles({ name: 'november.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await press(page, 'Send');
  await expect(page).toHaveURL(/\/durations\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Batch');
  const row = (text: string | RegExp) => page.getByRole('table', { name: 'Rows of the batch' }).getByRole('row').filter({ hasText: text });
  await expect(row('Accepted')).toHaveCount(1);
  await expect(row('Time invalid')).toHaveCount(1);
  await expect(row('Number unknown')).toHaveCount(1);
  await expect(page.locator('main')).toContainText('november.csv');
  await axe(page);

  const rejected = await page.request.get(`${page.url()}/rejected.csv`);
  expect(rejected.status()).toBe(200);
  const text = await rejected.text();
  expect(text.trim().split('\r\n')).toHaveLength(3);
  await page.goto('/o/albion/durations/upload');
  await page.locator('textarea[name=text]').fill(text.replaceAll('yesterday', ago(4)).replaceAll('+999123456789', e164));
  await press(page, 'Send');
  await expect(row('Accepted')).toHaveCount(2);
  await expect(row(/invalid|unknown/)).toHaveCount(0);

  await page.goto('/o/albion/durations?show=rejects');
  await expect(page.getByRole('table', { name: 'Batches' }).getByRole('row').filter({ hasText: 'Done, with rejects' }).first()).toBeVisible();
});

test('a file that is none is refused whole, with the form as it was', async ({ page }) => {
  await as(page, 'operator/admin', 'albion');
  for (const [text, told] of [
    [`${head},tenant_id\n`, 'tenant_id'],
    ['e164,direction\n', 'operator_ref'],
    ['[{"e164":', 'damaged'],
    ['', 'no row'],
  ]) {
    await page.goto('/o/albion/durations/upload');
    await page.locator('textarea[name=text]').fill(text);
    await press(page, 'Send');
    await expect(page, text).toHaveURL(/\/durations\/upload$/);
    await expect(page.locator('.toast[data-tone=danger], .band[data-tone=danger]').first(), text).toContainText(told);
    await expect(page.locator('textarea[name=text]')).toHaveValue(text.trimEnd() === text ? text : /tenant_id|direction/);
  }
  await axe(page);
});

test('a day is closed with the right totals only', async ({ page, js }) => {
  const api = albion();
  // There is something on the page only once a batch was sent.
  await api.ok('POST', '/duration-batches', []);
  // Of the days that the demo leaves open each project takes its own, whatever day it has become meanwhile.
  const today = Date.parse(new Date().toISOString().slice(0, 10));
  const mine = (day: string) => (Date.parse(day) / 86_400_000) % 2 === (js ? 0 : 1);
  const { data } = await api.ok<{ data: { day: string; rows: number; seconds: number; closed: object | null }[] }>('GET', '/duration-coverage');
  const here = data.findLast(({ day, closed }) => !closed && Date.parse(day) < today - 86_400_000 && mine(day));
  if (!here) throw new Error(`no day is open: ${JSON.stringify(data)}`);
  const { day } = here;
  await as(page, 'operator/admin', 'albion');
  await page.goto(`/o/albion/durations?close=${day}#close`);
  await expect(page.locator('select[name=day]')).toHaveValue(day);
  const close = async (rows: number, seconds: number) => {
    await page.locator('input[name=rows]').fill(String(rows));
    await page.locator('input[name=seconds]').fill(String(seconds));
    await press(page, 'Close a day');
  };
  await close(here.rows + 1, here.seconds);
  await expect(page.locator('.toast[data-tone=danger], .band[data-tone=danger]').first()).toContainText(`${here.rows} rows`);
  await expect(page.locator('input[name=rows]')).toHaveValue(String(here.rows + 1));
  await expect(page.locator('select[name=day]')).toHaveValue(day);
  await axe(page);
  await close(here.rows, here.seconds);
  await expect(page.locator('.toast[data-tone=ok], .band[data-tone=ok]').first()).toContainText('is closed');
  await expect(page.locator(`select[name=day] option[value="${day}"]`)).toHaveCount(0);
});
