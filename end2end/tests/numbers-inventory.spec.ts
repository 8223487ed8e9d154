// The inventory of both portals: filters, every way to search, a pasted list, saved views, columns, and files that equal the page.
import { as, axe, demo, expect, follow, openMenu, press, test, toast } from '../helpers';
import { Api } from '../helpers/api';
import type { Page } from '@playwright/test';

const harrow = () => Api.of(demo(), 'tenant', 'harrow');
const albion = () => Api.of(demo(), 'operator', 'albion');
const list = (page: Page) => page.getByRole('main');
const filters = (page: Page) => page.getByRole('form', { name: 'Filter numbers' });
const shown = (page: Page) => page.locator('main a.row-link data.tel').evaluateAll((all) => all.map((one) => one.getAttribute('value') ?? ''));

/** All rows of a list of the machine API. */
async function rows(api: Api, path: string): Promise<any[]> {
  const body = await api.ok('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1000`);
  return body.data;
}

/** A file that a link of the export menu leads to, as its header and its rows. */
async function file(page: Page, link: string): Promise<{ head: string[]; rows: string[][] }> {
  const href = await page.locator('a[download]', { hasText: link }).getAttribute('href');
  const answer = await page.request.get(href ?? '');
  expect(answer.status()).toBe(200);
  const lines = (await answer.text()).trim().split('\r\n').map((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1).map((cell) => cell[1] ?? ''));
  return { head: lines[0] ?? [], rows: lines.slice(1) };
}

/** The page lists what the machine API lists; other tests assign and unassign meanwhile, so both are asked until they agree. */
async function agrees(page: Page, api: Api, path: string): Promise<any[]> {
  let wanted: any[] = [];
  await expect(async () => {
    await page.reload();
    wanted = await rows(api, path);
    expect(await shown(page)).toEqual(wanted.slice(0, 50).map((one) => one.e164));
  }).toPass({ timeout: 25_000, intervals: [200, 500, 1_000] });
  return wanted;
}

async function search(page: Page, text: string): Promise<void> {
  await list(page).getByRole('searchbox').fill(text);
  await press(page, 'Apply', list(page));
}

test('filters narrow the list, stand as chips, and each can be taken off', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/numbers');
  await follow(page, 'Assigned', page.getByRole('navigation', { name: 'Numbers by state' }));
  await filters(page).getByLabel('Usage', { exact: true }).selectOption('user');
  await page.locator('.filter-more > summary').click();
  await filters(page).getByLabel('Country', { exact: true }).selectOption('GB');
  await filters(page).getByLabel('City', { exact: true }).selectOption('London');
  await filters(page).getByLabel('From number').fill('+44 20');
  await press(page, 'Apply', list(page));
  const wanted = await agrees(page, harrow(), '/tenant/numbers?state=assigned&usage=user&country=GB&city=London&from=%2B4420');
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.every((one) => one.city === 'London' && one.usage === 'user' && one.assignment_status !== 'unassigned')).toBe(true);
  await axe(page);
  const chips = page.getByRole('group', { name: 'Active filters' });
  await expect(chips.locator('.chip')).toHaveText([/Country United Kingdom/, /City London/, /Usage User/, /From number \+44 20/]);
  await follow(page, /City/, chips);
  await expect(page).not.toHaveURL(/city=/);
  await expect(chips.locator('.chip')).toHaveCount(3);
  await follow(page, 'Clear all', chips);
  await expect(chips).toHaveCount(0);
});

test('a number is found by first digits, any digits, its holder and its tag', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/numbers');
  const all = await rows(harrow(), '/tenant/numbers');
  const held = all.find((one) => one.display_name && one.target_id);
  const tagged = all.find((one) => one.tags.length > 0);

  await search(page, held.e164.slice(0, 8));
  const prefixed = await shown(page);
  expect(prefixed.length).toBeGreaterThan(0);
  expect(prefixed.every((e164) => e164.startsWith(held.e164.slice(0, 8)))).toBe(true);

  // Digits from the middle, and those that end in the last two.
  for (const digits of [held.e164.slice(4, 11), held.e164.slice(-5, -1), held.e164.slice(-4)]) {
    await search(page, digits);
    const wanted = all.filter((one) => one.e164.includes(digits.replace(/^0+/, ''))).map((one) => one.e164);
    expect(await shown(page), digits).toEqual(wanted.slice(0, 50));
  }

  await search(page, held.display_name);
  expect(await shown(page)).toContain(held.e164);
  await search(page, held.display_name.split(' ').at(-1));
  expect(await shown(page)).toContain(held.e164);
  await page.goto(`/t/harrow/numbers?assigned_to=${encodeURIComponent(held.target_id)}`);
  expect(await shown(page)).toContain(held.e164);

  await page.goto('/t/harrow/numbers');
  await search(page, tagged.tags[0]);
  const found = await shown(page);
  await page.goto(`/t/harrow/numbers?tag=${encodeURIComponent(tagged.tags[0])}`);
  const byTag = all.filter((one) => one.tags.includes(tagged.tags[0])).map((one) => one.e164);
  expect(await shown(page)).toEqual(byTag.slice(0, 50));
  expect(byTag.slice(0, 50).every((e164) => found.includes(e164))).toBe(true);
});

test('a pasted list of a thousand lines shows its numbers and names what is not there', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  const own = (await rows(harrow(), '/tenant/numbers')).slice(0, 30).map((one) => one.e164);
  await page.goto('/t/harrow/numbers');
  await page.getByText('Search for a pasted list').click();
  const strange = Array.from({ length: 969 }, (_, n) => `+99988${String(n).padStart(6, '0')}`);
  await page.locator('textarea[name="pasted"]').fill([...own, ...strange, 'hello there'].join('\n'));
  await press(page, 'Show these numbers', list(page));
  await expect(page).toHaveURL(/list=[0-9a-f-]{36}/);
  expect(await shown(page)).toEqual([...own].sort());
  await expect(list(page)).toContainText('970 lines of the pasted list are not shown');
  await expect(list(page)).toContainText('hello there');
  await axe(page);

  // Nothing in it: what was pasted stays, with the reason.
  await page.goto('/t/harrow/numbers');
  await page.getByText('Search for a pasted list').click();
  await page.locator('textarea[name="pasted"]').fill('no number at all');
  await press(page, 'Show these numbers', list(page));
  await expect(page.locator('textarea[name="pasted"]')).toHaveValue('no number at all');
  await expect(page.locator('textarea[name="pasted"]')).toHaveAccessibleDescription(/one number a line/);
});

test('columns are chosen, and the file has just these, in the order of the page', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  // A list that other journeys leave as it is: they assign and unassign, but take no number of this country out of stock.
  await page.goto('/t/harrow/numbers?country=US&sort=-number');
  await openMenu(page, 'Columns');
  await page.getByRole('checkbox', { name: 'Country' }).check();
  await page.getByRole('checkbox', { name: 'Tags' }).uncheck();
  await page.getByRole('checkbox', { name: 'Usage' }).uncheck();
  await press(page, 'Show these', list(page));
  const heads = page.getByRole('columnheader');
  await expect(heads).toContainText(['Number', 'Operator', 'City', 'Country', 'Assigned to', 'State', 'Changed']);
  await expect(heads).toHaveCount(7);
  await openMenu(page, 'Columns');
  await axe(page);
  const these = await file(page, 'These columns as CSV');
  expect(these.head).toEqual(['e164', 'operator_name', 'city', 'country', 'target_id', 'display_name', 'category', 'activation_state', 'assignment_status', 'changed_at']);
  expect(these.rows.slice(0, 50).map((row) => row[0])).toEqual(await shown(page));
  const wanted = await rows(harrow(), '/tenant/numbers?country=US&sort=-number');
  expect(these.rows.map((row) => row[0])).toEqual(wanted.map((one) => one.e164));
  const whole = await file(page, 'All columns as CSV');
  expect(whole.head.length).toBeGreaterThan(these.head.length);
  expect(whole.rows.map((row) => row[0])).toEqual(these.rows.map((row) => row[0]));
});

test('a view is saved, chosen, renamed, made the first one, and deleted', async ({ page, js }, info) => {
  // Views are an account's own, and a default view opens for it everywhere: each project takes an account that no other test looks with.
  // What it shows is no other test's to change: a number keeps its country whoever has it.
  await as(page, js ? 'tenant/helpdesk_1' : 'tenant/helpdesk_2', 'contoso');
  await page.goto('/account');
  await page.locator('select[name=language]').selectOption('en');
  await press(page, /^(Ansicht speichern|Save your view)$/, page.locator('form', { has: page.locator('select[name=language]') }));
  const name = `Numbers in America ${info.project.name}`;
  await page.goto('/t/contoso/numbers?country=US&sort=-number&col=number&col=state&view=all');
  await openMenu(page, 'View:');
  await page.getByLabel('Save as a view').fill(name);
  await press(page, 'Save view', list(page));
  await expect(toast(page)).toContainText(name);
  await expect(page.locator('summary', { hasText: `View: ${name}` })).toBeVisible();
  const rowsOfView = await shown(page);

  // Chosen from the whole list.
  await page.goto('/t/contoso/numbers?view=all');
  await openMenu(page, 'View:');
  await follow(page, name, list(page));
  expect(await shown(page)).toEqual(rowsOfView);
  await expect(page.getByRole('columnheader')).toHaveCount(2);

  // Another name; a name that is empty is refused by the browser, one that is taken by us.
  await openMenu(page, 'View:');
  await page.getByLabel('Name of this view').fill(`${name}, renamed`);
  await press(page, 'Rename', list(page));
  await expect(page.locator('summary', { hasText: `View: ${name}, renamed` })).toBeVisible();

  // The list opens with it, until all is asked for.
  await openMenu(page, 'View:');
  await press(page, 'Open the list with this view', list(page));
  await page.goto('/t/contoso/numbers');
  expect(await shown(page)).toEqual(rowsOfView);
  await openMenu(page, 'View:');
  await axe(page);
  await openMenu(page, 'View:');
  await follow(page, 'Clear all', list(page));
  await expect(page.getByRole('group', { name: 'Active filters' })).toHaveCount(0);
  await page.goto('/t/contoso/numbers');
  await openMenu(page, 'View:');
  await press(page, 'Delete this view', list(page));
  await expect(toast(page)).toContainText('deleted');
  await page.goto('/t/contoso/numbers');
  expect((await shown(page)).length).toBe(50);
});

test('an operator filters, searches, pastes and exports what it may see, and nothing of people', async ({ page }) => {
  await as(page, 'operator/admin', 'albion');
  const all = await rows(albion(), '/numbers');
  const one = all.find((row) => row.assigned);
  await page.goto('/o/albion/numbers');
  await search(page, one.e164.slice(5, 12));
  expect(await shown(page)).toEqual(all.filter((row) => row.e164.includes(one.e164.slice(5, 12).replace(/^0+/, ''))).map((row) => row.e164).slice(0, 50));
  await page.goto('/o/albion/numbers?assigned=true&sort=-changed');
  await agrees(page, albion(), '/numbers?assigned=true&sort=-changed');
  const these = await file(page, 'These columns as CSV');
  expect(these.rows.slice(0, 50).map((row) => row[0])).toEqual(await shown(page));
  const whole = await file(page, 'All columns as CSV');
  expect(whole.head.filter((name) => /target|display_name|tags|category/.test(name))).toEqual([]);
  // Keys that only a tenant's list knows change nothing.
  await page.goto('/o/albion/numbers?tag=vip&assigned_to=somebody');
  expect(await shown(page)).toEqual(all.map((row) => row.e164).slice(0, 50));
  await page.goto('/o/albion/numbers');
  await page.getByText('Search for a pasted list').click();
  await page.locator('textarea[name="pasted"]').fill(`${one.e164}\n+99988000001`);
  await press(page, 'Show these numbers', list(page));
  expect(await shown(page)).toEqual([one.e164]);
  await expect(list(page)).toContainText('1 line of the pasted list is not shown');
  await axe(page);
});
