// Flow 1 as people see it: a tenant's admin assigns a number, the operator is told, the number is activated, and taken back.
import { as, axe, demo, expect, fact, follow, press, reloadUntil, test, toast } from '../helpers';
import { Api, freeNumber, freePerson, until, type NumberLine } from '../helpers/api';

/** London numbers of a tenant and an operator that both speak English. */
const LONDON = '+442079460';
const harrow = () => Api.of(demo(), 'tenant', 'harrow');
const albion = () => Api.of(demo(), 'operator', 'albion');

const state = (page: Parameters<typeof fact>[0]) => fact(page, 'State').locator('.badge');

test('a number is found, given to a person, told to the operator and activated, and taken back', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await as(page, 'tenant/admin', 'harrow');

  // Found among all by its digits.
  await page.goto('/t/harrow/numbers');
  await page.getByRole('main').getByRole('searchbox').fill(number.e164);
  await press(page, 'Apply', page.getByRole('main'));
  await expect(page).toHaveURL(new RegExp(`q=%2B${number.e164.slice(1)}`));
  const row = page.getByRole('row').filter({ has: page.locator(`a[href$="${number.e164}"]`) });
  await expect(row).toContainText('Free');
  await row.locator('a.row-link').click();
  await expect(page.getByRole('heading', { level: 1 }).locator(`[value="${number.e164}"]`)).toBeVisible();
  await expect(state(page)).toHaveText('Free');

  // Given to a person found by name. Everything is said before anything changes.
  await follow(page, 'Assign', page.getByRole('main'));
  await page.getByRole('main').getByRole('searchbox').fill(person.display_name);
  await press(page, 'Search', page.getByRole('main'));
  await page.getByRole('radio', { name: person.display_name }).check();
  await expect(page.getByRole('main')).toContainText('Albion Voice');
  await axe(page);
  await press(page, /^Assign/);
  await expect(page).toHaveURL(new RegExp(`/t/harrow/numbers/\\${number.e164}$`));
  await expect(toast(page)).toContainText(person.display_name);
  await expect(fact(page, 'Assigned to')).toContainText(person.display_name);
  await expect(fact(page, 'SIP URI')).toContainText(`sip:${number.e164}@harrow.sip.example;user=phone`);

  // The operator has it, and the page says so, with what was told to whom.
  await reloadUntil(page, () => expect(state(page)).toHaveText('Activated', { timeout: 1_000 }));
  const timeline = page.locator('ol.timeline');
  await expect(timeline).toContainText(person.display_name);
  await expect(timeline).toContainText(/evt_/);
  await expect(timeline).toContainText('Activated');
  await axe(page);

  // Taken back: it asks first, and rests.
  await follow(page, /^Unassign/, page.getByRole('main'));
  await expect(page.getByRole('heading', { level: 1 })).toContainText(person.display_name);
  await page.getByRole('radio', { name: /^7 days/ }).check();
  await axe(page);
  await press(page, 'Unassign');
  await expect(fact(page, 'Assigned to')).not.toContainText(person.display_name);
  await reloadUntil(page, () => expect(state(page)).toHaveText(/quarantine/i, { timeout: 1_000 }));
  await expect(page.getByRole('button', { name: 'Assign' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Assign' })).toHaveAccessibleDescription(/quarantine|rests/i);

  // And the list says so.
  await page.goto(`/t/harrow/numbers?state=quarantined&q=${encodeURIComponent(number.e164)}`);
  await expect(page.getByRole('row').filter({ has: page.locator(`a[href$="${number.e164}"]`) })).toBeVisible();
});

test('a number is pending until its operator has it', async ({ page }) => {
  // The demo keeps some that way: their operator is busy.
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/numbers?state=pending');
  const first = page.locator('main a.row-link').first();
  await expect(first).toBeVisible();
  await first.click();
  await expect(state(page)).toHaveText(/pending/i);
  await expect(page.locator('ol.timeline')).toContainText(/Assigned/);
});

test('the operator sees the event, its delivery and attempts, and the number, and sends the event once more', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });

  await as(page, 'operator/admin', 'albion');
  await page.goto(`/o/albion/notifications?number=${encodeURIComponent(number.e164)}`);
  const event = page.getByRole('row').filter({ has: page.locator(`a[href$="${number.e164}"]`) }).first();
  await reloadUntil(page, () => expect(event).toContainText('Delivered', { timeout: 1_000 }));
  await event.locator('a.row-link').click();
  await expect(page.getByRole('main')).toContainText('number.assigned');
  await expect(page.getByRole('main')).toContainText(`sip:${number.e164}@harrow.sip.example;user=phone`);
  await expect(page.getByRole('main'), 'no name of a person leaves').not.toContainText(person.display_name);
  await expect(page.locator('ol.timeline > li')).not.toHaveCount(0);
  await axe(page);

  // Its attempts, with request and answer, free of what proves who sent it.
  const here = page.url();
  const tries = await page.locator('ol.timeline > li').count();
  await page.locator('ol.timeline > li a').first().click();
  await expect(page.getByRole('main')).toContainText('webhook-id');
  await expect(page.getByRole('main')).not.toContainText(/v1,[A-Za-z0-9+/=]{20}/);
  await axe(page);

  // Once more, by the button.
  await page.goto(here);
  await press(page, 'Redeliver');
  await expect(toast(page)).toBeVisible();
  await reloadUntil(page, () => expect(page.locator('ol.timeline > li')).toHaveCount(tries + 1, { timeout: 1_000 }));

  // The number, as the operator may see it.
  await page.goto(`/o/albion/numbers/${number.e164}`);
  await expect(fact(page, 'SIP URI')).toContainText(`sip:${number.e164}@harrow.sip.example;user=phone`);
  await expect(fact(page, 'Customer')).toContainText('Harrow & Finch');
  await expect(page.getByRole('main')).not.toContainText(person.display_name);
  await axe(page);
  await follow(page, 'See its notices', page.getByRole('main'));
  await expect(page.getByRole('row').filter({ has: page.locator('a.row-link') })).toHaveCount(1);
});

test('a refused assignment says what is wrong and how to mend it, and keeps what was chosen', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await as(page, 'tenant/admin', 'harrow');
  // Both windows are open when the person gets another number as primary one.
  await page.goto(`/t/harrow/numbers/${number.e164}/assign?q=${encodeURIComponent(person.display_name)}`);
  await page.getByRole('radio', { name: person.display_name }).check();
  await page.getByRole('radio', { name: /^Primary/ }).check();
  const other = await freeNumber(harrow(), LONDON);
  await harrow().ok('POST', `/tenant/numbers/${other.e164}/assign`, { target_id: person.id, category: 'primary' });
  await press(page, /^Assign/);
  await expect(page).toHaveURL(/\/assign/);
  await expect(page.getByRole('main')).toContainText(/primary/i);
  await expect(page.getByRole('main')).toContainText(/alternate/i);
  await expect(page.getByRole('radio', { name: /^Primary/ }), 'the choice is kept').toBeChecked();
  await expect(page.getByRole('main').getByRole('searchbox'), 'the search is kept').toHaveValue(person.display_name);
  await axe(page);
  const after = await harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`);
  expect(after.assignment_status, 'nothing was changed').toBe('unassigned');
});

test('nobody chosen: the form says so and nothing happens', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers/${number.e164}/assign`);
  // A browser would keep such a form from being sent.
  await page.locator('form:has(input[name=target_id])').evaluate((form: HTMLFormElement) => (form.noValidate = true));
  await press(page, /^Assign/);
  await expect(page).toHaveURL(/\/assign/);
  await expect(page.getByRole('main')).toContainText(/Choose/);
  await axe(page);
});

test('the same form sent twice has one effect', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers/${number.e164}/assign?q=${encodeURIComponent(person.display_name)}`);
  await page.getByRole('radio', { name: person.display_name }).check();
  const form = page.locator('form:has(input[name=target_id])');
  const action = (await form.getAttribute('action')) ?? '';
  const fields = await form.evaluate((node: HTMLFormElement) => [...new FormData(node)].map(([name, value]) => [name, String(value)]));
  const send = () => page.request.post(action, { form: Object.fromEntries(fields), headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin' }, maxRedirects: 0 });
  const answers = await Promise.all([send(), send(), send()]);
  for (const answer of answers) expect([302, 303], await answer.text()).toContain(answer.status());
  const after = await harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`);
  expect(after.number_seq, 'one step').toBe(number.number_seq + 1);
  const { data } = await albion().ok<{ data: { type: string; subject?: string; data: { e164?: string } }[] }>('GET', `/events?after=0&e164=${encodeURIComponent(number.e164)}&limit=100`);
  await page.goto(`/t/harrow/numbers/${number.e164}`);
  await expect(fact(page, 'Assigned to')).toContainText(person.display_name);
  expect(data.filter((event) => event.type === 'number.assigned').length, 'one event').toBeLessThanOrEqual(1);
});

test('who decides on an old page is told so, and the newer change stands', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const [first, second] = [await freePerson(harrow(), 'GB'), await freePerson(harrow(), 'GB')];
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/numbers/${number.e164}/assign?q=${encodeURIComponent(first.display_name)}`);
  await page.getByRole('radio', { name: first.display_name }).check();
  // Meanwhile somebody else assigns it and takes it back without a rest.
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: second.id });
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });
  await press(page, /^Assign/);
  await expect(page).toHaveURL(/\/assign/);
  await expect(page.getByRole('main')).toContainText(/changed in the meantime|was changed/i);
  const after = await harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`);
  expect(after.assignment_status).toBe('unassigned');
  // Looked at again, it goes through.
  await page.reload();
  await page.getByRole('radio', { name: first.display_name }).check();
  await press(page, /^Assign/);
  await expect(fact(page, 'Assigned to')).toContainText(first.display_name);
});

test('the list filters, searches, sorts and pages with its state in the address', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/numbers');
  const numbers = () => page.locator('main table a.row-link [value]').evaluateAll((all) => all.map((one) => one.getAttribute('value') ?? ''));
  const first = await numbers();
  expect(first).toHaveLength(50);
  expect([...first].sort()).toEqual(first);
  await follow(page, 'Next', page.getByRole('navigation', { name: 'Pages' }));
  const second = await numbers();
  expect(second[0] > first[49], 'no row twice').toBe(true);
  await follow(page, 'Previous', page.getByRole('navigation', { name: 'Pages' }));
  expect(await numbers()).toEqual(first);

  await follow(page, /^Number/, page.getByRole('main').getByRole('table'));
  await expect(page).toHaveURL(/sort=-number/);
  const falling = await numbers();
  expect([...falling].sort().reverse()).toEqual(falling);

  await follow(page, /^Assigned/, page.getByRole('main').locator('.tabs'));
  await expect(page).toHaveURL(/state=assigned/);
  await expect(page).toHaveURL(/sort=-number/);
  await page.getByRole('main').getByRole('searchbox').fill('+4411');
  await press(page, 'Apply', page.getByRole('main'));
  await expect(page).toHaveURL(/state=assigned/);
  for (const e164 of await numbers()) expect(e164).toMatch(/^\+4411/);
  await follow(page, /Remove filter/, page.getByRole('main'));
  await expect(page).not.toHaveURL(/q=/);

  await page.goto('/t/harrow/numbers?q=%2B999999');
  await expect(page.getByRole('main').locator('.empty')).toBeVisible();
  await axe(page);
  const wrong = await page.goto('/t/harrow/numbers?state=nonsense');
  expect(wrong?.status()).toBe(400);
  const beyond = await page.goto('/t/harrow/numbers?after=nonsense');
  expect(beyond?.status()).toBe(400);
});

test('a number of somebody else and a wrong one are not there', async ({ page }) => {
  const foreign = await Api.of(demo(), 'tenant', 'contoso').ok<{ data: NumberLine[] }>('GET', '/tenant/numbers?limit=1');
  await as(page, 'tenant/admin', 'harrow');
  for (const e164 of [foreign.data[0].e164, '+4420', 'nonsense', '%2B442079460999999999']) {
    const answer = await page.goto(`/t/harrow/numbers/${e164}`);
    expect(answer?.status(), e164).toBe(404);
  }
});

test('who may only read sees the buttons with the reason why not', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  await as(page, 'tenant/auditor', 'harrow');
  await page.goto(`/t/harrow/numbers/${number.e164}`);
  await expect(page.getByRole('button', { name: 'Assign' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Assign' })).toHaveAccessibleDescription(/role/i);
  const answer = await page.goto(`/t/harrow/numbers/${number.e164}/assign`);
  expect(answer?.status()).toBe(403);
});

test('the list as a file holds the same rows and no formulas', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  const file = await page.request.get('/t/harrow/numbers.csv?state=assigned&q=%2B4411');
  expect(file.status()).toBe(200);
  expect(file.headers()['content-type']).toContain('text/csv');
  const [head, ...lines] = (await file.text()).trim().split('\r\n');
  expect(head.split(',')[0]).toBe('e164');
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) expect(line).toMatch(/^\+4411/);
});

test('an event reaches the operator within the time a reader waits', async () => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  await until(
    () => harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`),
    (line) => line.activation_state === 'activated',
    'activation',
  );
});
