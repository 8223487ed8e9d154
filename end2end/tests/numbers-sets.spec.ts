// Many numbers changed at once: checked, run, mended, taken back. By hand, by file, from a filter, and by keyboard alone.
import type { Locator, Page } from '@playwright/test';
import { as, axe, demo, expect, follow, press, ready, reloadUntil, test, toast } from '../helpers';
import { Api, freeNumber, freePerson, until } from '../helpers/api';

/** London numbers of a tenant and an operator that both speak English. */
const LONDON = '+442079460';
const harrow = () => Api.of(demo(), 'tenant', 'harrow');
const row = (page: Page, text: string | RegExp) => page.getByRole('row').filter({ hasText: text });
const rowOf = (page: Page, e164: string) => page.getByRole('row').filter({ has: page.locator(`[value="${e164}"]`) });
/** The set's state, by its badge in the first tile. */
const state = (page: Page) => page.locator('.tile').first().locator('.badge');

/** Waits for the work behind the page, with or without scripts, and looks at a page that stands still. */
async function atRest(page: Page, word: string): Promise<void> {
  const id = /change-sets\/([\da-f-]+)/.exec(page.url())?.[1];
  await until(() => harrow().ok<{ state: string }>('GET', `/tenant/change-sets/${id}`), (set) => set.state !== 'running', 'the end of the work');
  await reloadUntil(page, () => expect(state(page)).toHaveText(word, { timeout: 1_000 }));
}

const holder = async (e164: string) => (await harrow().ok<{ assigned: { target_id: string } | null; target_id?: string }>('GET', `/tenant/numbers/${e164}`));
const isFree = async (e164: string) => JSON.stringify(await holder(e164)).includes('"assignment_status":"unassigned"');

test('a pasted list is checked, run, mended by its reject file, and undone', async ({ page }) => {
  const [one, two] = [await freeNumber(harrow(), LONDON), await freeNumber(harrow(), LONDON)];
  const [ann, bob] = [await freePerson(harrow(), 'GB'), await freePerson(harrow(), 'GB')];
  const name = `London move ${one.e164.slice(-4)}`;
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/change-sets');
  await axe(page);
  await follow(page, 'New change set', page.getByRole('main'));
  await axe(page);

  // Nothing is lost by a refusal.
  await page.getByLabel('Name (optional)').fill(name);
  await press(page, 'Check the rows');
  await expect(page).toHaveURL(/\/change-sets\/new/);
  await expect(page.getByLabel('Name (optional)')).toHaveValue(name);
  await expect(page.getByText('Put one number in each line.')).toBeVisible();
  await axe(page);

  const lines = [`${one.e164}; ${ann.id}`, `${one.e164}; ${bob.id}`, `${two.e164}; nobody@nowhere.example`, `020 7946; ${bob.id}`];
  await page.locator('textarea[name=text]').fill(lines.join('\n'));
  await press(page, 'Check the rows');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(row(page, ann.display_name)).toContainText('Fine');
  await expect(row(page, 'Refused')).toHaveCount(3);
  await expect(row(page, 'no such person')).toContainText('nobody@nowhere.example');
  await axe(page);
  await follow(page, /^Refused/, page.getByRole('main'));
  await expect(row(page, 'Refused')).toHaveCount(3);
  expect(await isFree(one.e164), 'checking changes nothing').toBe(true);

  await press(page, 'Run (1)');
  await atRest(page, 'Done in part');
  await page.goto(page.url().replace(/\?.*/, ''));
  await expect(rowOf(page, one.e164).first()).toContainText('Done');
  expect(JSON.stringify(await holder(one.e164))).toContain(ann.id);
  await axe(page);

  // The reject file, mended, can be handed in again.
  const address = page.url();
  const rejected = await page.request.get(`${address}/rejected.csv`);
  expect(rejected.status()).toBe(200);
  const text = await rejected.text();
  expect(text.trim().split('\r\n')).toHaveLength(4);
  expect(text).toContain('duplicate_row');
  await page.goto('/t/harrow/change-sets/new?action=assign');
  const mended = text.replace('nobody@nowhere.example', bob.id);
  await page.getByLabel('File (CSV)').setInputFiles({ name: 'mended.csv', mimeType: 'text/csv', buffer: Buffer.from(mended) });
  await press(page, 'Check the rows');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('mended.csv');
  await expect(row(page, bob.display_name)).toContainText('Fine');
  await press(page, 'Drop');
  await expect(toast(page)).toContainText('Nothing was changed');

  // And back.
  await page.goto(address);
  await press(page, 'Undo (1)');
  await atRest(page, 'Undone');
  expect(await isFree(one.e164)).toBe(true);
  await axe(page);
  await page.goto('/t/harrow/change-sets');
  await expect(row(page, name)).toContainText('Undone');
});

test('all numbers of a filter are changed as one; another count is refused', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers?q=${encodeURIComponent(number.e164)}`);
  await follow(page, 'Change all 1', page.getByRole('main'));
  await follow(page, 'Add tags', page.getByRole('main'));
  await expect(page.getByText('The one number that the filter finds')).toBeVisible();
  await axe(page);

  // Somebody else changed what the filter finds.
  await page.locator('input[name=expected]').evaluate((field: HTMLInputElement) => field.setAttribute('value', '7')).catch(() => {});
  const tag = `north-${number.e164.slice(-4)}`;
  await page.getByLabel('Tags').fill(tag);
  await press(page, 'Check the rows');
  if (/\/new/.test(page.url())) {
    await expect(page.locator('.toasts, .band').first()).toContainText('changed meanwhile');
    await expect(page.getByLabel('Tags')).toHaveValue(tag);
    await press(page, 'Check the rows');
  }
  await expect(rowOf(page, number.e164)).toContainText('Fine');
  await press(page, 'Run (1)');
  await atRest(page, 'Done');
  expect(JSON.stringify(await holder(number.e164))).toContain(tag);
  await press(page, 'Undo (1)');
  await atRest(page, 'Undone');
  expect(JSON.stringify(await holder(number.e164))).not.toContain(tag);
});

/** Goes on by the Tab key alone until `wanted` has the focus. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let tries = 0; tries < 120; tries += 1) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
  }
  throw new Error('the keyboard does not get there');
}

async function enter(page: Page, js: boolean): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  if (js) await ready(page);
}

test('numbers are assigned in bulk by the keyboard alone', async ({ page, js }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/change-sets');
  await tabTo(page, page.getByRole('main').getByRole('link', { name: 'New change set' }).first());
  await enter(page, js);
  await tabTo(page, page.locator('textarea[name=text]'));
  await page.keyboard.type(`${number.e164}; ${person.id}; primary`);
  await tabTo(page, page.getByRole('button', { name: 'Check the rows' }));
  await enter(page, js);
  await tabTo(page, page.getByRole('button', { name: 'Run (1)' }));
  await enter(page, js);
  await atRest(page, 'Done');
  await tabTo(page, page.getByRole('button', { name: 'Undo (1)' }));
  await enter(page, js);
  await atRest(page, 'Undone');
  expect(await isFree(number.e164)).toBe(true);
});

test('who may only look sees the sets and no way to change them', async ({ page }) => {
  await as(page, 'tenant/auditor', 'harrow');
  await page.goto('/t/harrow/change-sets');
  await expect(page.getByRole('link', { name: 'New change set' })).toHaveCount(0);
  expect((await page.request.get('/t/harrow/change-sets/new')).status()).toBe(403);
});
