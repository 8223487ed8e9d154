// People by file, people who leave, an operator's file with every kind of refusal, a number given back, and stock.
import { as, axe, demo, expect, follow, press, test, toast } from '../helpers';
import { Api, freeNumber, type NumberLine, type Target } from '../helpers/api';
import { claim } from '../helpers/claim';

const LONDON = '+442079460';
const sizes = Array.from({ length: 200 }, (_, i) => i);
/** A Leeds number that nobody has, from the range kept for fiction, for this test alone. */
const fresh = () => `+441134960${claim('fresh', sizes, String) + 500}`;
const harrow = () => Api.of(demo(), 'tenant', 'harrow');
const albion = () => Api.of(demo(), 'operator', 'albion');
const platform = () => Api.of(demo(), 'platform');
const harrowId = () => demo().tenants.find((tenant) => tenant.slug === 'harrow')!.id;

/** Everybody of harrow. */
async function everybody(): Promise<Target[]> {
  const all: Target[] = [];
  for (let path: string | null = '/tenant/targets?limit=1000'; path; ) {
    const page: { data: Target[]; next_cursor: string | null } = await harrow().ok('GET', path);
    all.push(...page.data);
    path = page.next_cursor ? `/tenant/targets?limit=1000&cursor=${encodeURIComponent(page.next_cursor)}` : null;
  }
  return all;
}

const row = (page: Parameters<typeof axe>[0], text: string | RegExp) => page.getByRole('row').filter({ hasText: text });

test('a file of people is checked first, then merged', async ({ page, js }) => {
  const id = `upload-${js ? 'a' : 'b'}`;
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/targets');
  await follow(page, 'Upload people', page.getByRole('main'));
  await axe(page);
  const template = await page.request.get('/t/harrow/targets/template.csv');
  expect(await template.text()).toMatch(/^\W?id,kind,display_name/);

  await page.getByLabel('File (CSV)').setInputFiles({ name: 'wrong.csv', mimeType: 'text/csv', buffer: Buffer.from('name,phone\r\nx,y\r\n') });
  await press(page, 'Check the file');
  await expect(page.locator('.error, .toast[data-tone=danger]').first()).toBeVisible();

  const file = ['id,kind,display_name,upn,usage_location,licensed,department', `${id},user,Zara Quill ${id},zara.${id}@harrow.example,GB,yes,Support`, `${id}-2,fax,Nobody,,,,`, `${id},user,Twice,,,,`, ''];
  await page.getByLabel('File (CSV)').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(file.join('\r\n')) });
  await press(page, 'Check the file');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('people.csv');
  await expect(row(page, 'Wrong')).toHaveCount(2);
  await expect(row(page, `Zara Quill ${id}`)).toContainText('New');
  await expect(page.getByRole('main')).toContainText(/are not in the file and would leave/);
  await expect(page.getByRole('button', { name: /^Replace with/ })).toBeDisabled();
  await axe(page);
  expect((await everybody()).some((person) => person.id === id), 'a check changes nothing').toBe(false);

  await press(page, /^Merge/);
  await expect(page).toHaveURL(/\/t\/harrow\/targets$/);
  await expect(toast(page)).toContainText('1 person or app written');
  await page.goto(`/t/harrow/targets?q=Zara+Quill+${id}&licence=yes&location=gb&show=without`);
  await page.getByRole('main').locator('a.row-link').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Zara Quill ${id}`);
  await expect(page.getByRole('main')).toContainText('Support');
  await axe(page);
});

test('who leaves keeps the number, and it is said until somebody acts', async ({ page, js }) => {
  const id = `leaver-${js ? 'a' : 'b'}`;
  const name = `Lena Harms ${id}`;
  const person = { id, kind: 'user', display_name: name, usage_location: 'GB', licensed: true };
  const put = (targets: unknown[], mode: string) => platform().ok('PUT', `/platform/tenants/${harrowId()}/targets?mode=${mode}`, { targets });
  await put([person], 'merge');
  const number = await freeNumber(harrow(), LONDON);
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: id });
  await put((await everybody()).filter((other) => other.id !== id).map(({ id, kind, display_name, upn, usage_location, licensed }) => ({ id, kind, display_name, upn, usage_location, licensed })), 'replace');

  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/');
  await expect(page.getByRole('main')).toContainText(/held by (someone|people) who left/);
  await page.goto('/t/harrow/targets?show=held');
  await expect(row(page, name)).toContainText('Left on');
  await axe(page);
  await row(page, name).locator('a.row-link').click();
  await expect(page.locator('.band')).toContainText('held by someone who left');
  await axe(page);
  const now = await harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`);
  expect(now.assignment_status).toBe('user');

  // Back again: nothing is to be done.
  await put([person], 'merge');
  await page.goto('/t/harrow/targets?show=held');
  await expect(row(page, name)).toHaveCount(0);
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });
});

test('an operator’s file: every refusal names its reason and a way to mend it', async ({ page }) => {
  const [good, other] = [fresh(), fresh()];
  const own = (await albion().ok<{ data: (NumberLine & { tenant_name: string })[] }>('GET', '/numbers?limit=1000')).data;
  const mine = own.find((line) => line.tenant_name.startsWith('Harrow'))!.e164;
  const contoso = own.find((line) => line.tenant_name.startsWith('Contoso'))!.e164;
  const cases: [string, RegExp][] = [
    [`${good},harrow`, /Fine/],
    [`${good},harrow`, /earlier row/],
    [`${mine},harrow`, /PATCH \/numbers/],
    [`${contoso},harrow`, /another customer/],
    ['+493023125001,harrow', /covers numbers of GB, not of DE/],
    ['+4411349600,harrow', /too short/],
    ['+44113496000123,harrow', /too long/],
    ['+441632960001,harrow', /range is not given out/],
    ['+999123456789,harrow', /No country has this country code/],
    ['+4401134960001,harrow', /Did you mean \+441134960001/],
    [`${other},nobody`, /GET \/tenants/],
  ];
  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/numbers/upload');
  const file = ['e164,tenant,usage', ...cases.map(([line]) => `${line},user`), ''].join('\r\n');
  await page.getByLabel('File (CSV)').setInputFiles({ name: 'refusals.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await press(page, 'Check the file');
  for (const [index, [line, words]] of cases.entries()) {
    await expect(page.getByRole('row').nth(index + 1), line).toContainText(words);
  }
  await axe(page);
  await press(page, /^Run/);
  await expect(page).toHaveURL(/\/o\/albion\/orders\//);
  await follow(page, 'Orders', page.getByRole('main'));
  await expect(page.getByRole('row').nth(1)).toContainText('Provide numbers');
  await axe(page);

  // What is assigned cannot be released.
  const { data } = await albion().ok<{ data: NumberLine[] }>('GET', '/numbers?assigned=true&limit=1');
  const released = await albion().post<{ rows: { code: string }[] }>('/numbers/release', { numbers: [data[0].e164] });
  expect(released.body.rows[0].code).toBe('number_assigned');
});

test('a number is given back: declined with a reason, asked again, released', async ({ page }) => {
  const e164 = fresh();
  const put = await albion().post<{ accepted: number }>('/numbers', { numbers: [{ e164, tenant_id: 'harrow', usage: 'user', city: 'Leeds' }] });
  expect(put.body.accepted, put.text).toBe(1);
  const ask = (note: string) => harrow().ok('POST', `/tenant/numbers/${e164}/request-release`, { note });
  await ask('Office closed');

  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/');
  await expect(page.getByRole('main')).toContainText(/to be released/);
  await page.goto('/o/albion/release-requests');
  const line = row(page, e164.slice(-4));
  await expect(line).toContainText('Office closed');
  await axe(page);
  await follow(page, /^Decline/, line);
  await press(page, 'Decline', page.getByRole('main').locator('form').filter({ has: page.locator('textarea') }));
  await expect(page.locator('.error').first()).toBeVisible();
  await page.getByLabel('Reason').fill('Part of a block of ten');
  await axe(page);
  await press(page, 'Decline', page.getByRole('main').locator('form').filter({ has: page.locator('textarea') }));
  await expect(toast(page)).toContainText('You keep');
  await page.goto('/o/albion/release-requests?show=answered');
  await expect(row(page, e164.slice(-4))).toContainText('Part of a block of ten');
  await axe(page);

  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers/${e164}`);
  await expect(page.locator('.band')).toContainText('Part of a block of ten');

  await ask('Please');
  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/release-requests');
  await press(page, /^Release/, row(page, e164.slice(-4)));
  await expect(page).toHaveURL(/\/o\/albion\/orders\//);
  await expect(row(page, e164.slice(-4))).toContainText('Fine');
  expect((await albion().get(`/numbers/${e164}`)).status).toBe(404);
});

test('stock: each group, how long it lasts, and when it is low', async ({ page, js }) => {
  const place = js ? 'Leeds' : 'Manchester';
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/stock');
  await axe(page);
  await page.goto(`/t/harrow/stock?q=${place}`);
  await expect(page.getByRole('row')).toHaveCount(2);
  await follow(page, /^Set/, row(page, place));
  await page.getByLabel(/Low below this share/).fill('101');
  await press(page, 'Save');
  await expect(page.locator('.error').first()).toBeVisible();
  await page.getByLabel(/Low below this share/).fill('100');
  await axe(page);
  await press(page, 'Save');
  await expect(toast(page)).toContainText('The share is set');
  await page.goto('/t/harrow/stock?show=low');
  await expect(row(page, place)).toContainText('Low below 100 %');
  await page.goto('/t/harrow/');
  await expect(page.getByRole('main')).toContainText(/(group|groups) of numbers run/);
  const csv = await (await page.request.get(`/t/harrow/stock.csv?q=${place}`)).text();
  expect(csv).toMatch(/^\W?party,country,area,kind,total,free/);
  expect(csv.trim().split('\r\n')).toHaveLength(2);
  expect(csv).toContain(`${place},geographic`);

  await as(page, 'operator/provisioner', 'albion');
  await page.goto('/o/albion/stock');
  await expect(row(page, place).filter({ hasText: 'Harrow' })).toHaveCount(1);
  await axe(page);
});
