// A number's life besides its assignment: usage, tags, reservation, emergency location, a new try, quarantine, giving it back.
import { as, axe, demo, expect, fact, follow, press, reloadUntil, test, toast } from '../helpers';
import { Api, freeNumber, freePerson, until, type NumberLine } from '../helpers/api';
import type { Locator, Page } from '@playwright/test';

const LONDON = '+442079460';
const harrow = () => Api.of(demo(), 'tenant', 'harrow');
const albion = () => Api.of(demo(), 'operator', 'albion');
const at = (number: NumberLine) => `/t/harrow/numbers/${number.e164}`;

/** A form of the number's page, unfolded. */
async function unfold(page: Page, summary: string): Promise<Locator> {
  const form = page.locator('#change details.disclosure').filter({ has: page.locator('summary', { hasText: summary }) });
  if ((await form.getAttribute('open')) === null) await form.locator('summary').click();
  return form;
}

/** Presses Tab until this has the focus: what a hand without a mouse does. */
async function tabTo(page: Page, goal: Locator): Promise<void> {
  for (let i = 0; i < 120; i += 1) {
    if (await goal.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${String(goal)}`);
}

/** Presses a key that leads to another page. */
async function enter(page: Page, key = 'Enter'): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)]);
}

test('reserved with a note, tagged, and free again; what is wrong is said beside the field and nothing typed is lost', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(at(number));

  await press(page, 'Reserve', await unfold(page, 'Reserve'));
  const refused = page.locator('#reserve-note');
  await expect(refused, 'the form is open again').toBeVisible();
  await expect(refused).toHaveAttribute('aria-invalid', 'true');
  await expect(refused).toHaveAccessibleDescription(/few words/i);
  await refused.fill('for the new site');
  await press(page, 'Reserve', page.locator('#change'));
  await expect(fact(page, 'Reserved')).toHaveText('for the new site');
  await expect(page.getByRole('button', { name: 'Assign' })).toBeDisabled();
  await axe(page);

  let tags = await unfold(page, 'Tags');
  await tags.getByLabel('New tags').fill(`${'x'.repeat(51)}, desk`);
  await press(page, 'Add tags', tags);
  await expect(page.getByLabel('New tags')).toHaveValue(`${'x'.repeat(51)}, desk`);
  await expect(page.getByLabel('New tags')).toHaveAccessibleDescription(/1 to 50/);
  await page.getByLabel('New tags').fill('desk, lobby');
  await press(page, 'Add tags', page.locator('#change'));
  await expect(fact(page, 'Tags')).toContainText('desk');
  tags = await unfold(page, 'Tags');
  await press(page, 'Remove tag desk', tags);
  await expect(fact(page, 'Tags')).not.toContainText('desk');
  await expect(fact(page, 'Tags')).toContainText('lobby');

  await press(page, 'Lift the reservation', await unfold(page, 'Reserve'));
  await expect(page.getByRole('main').getByRole('link', { name: 'Assign', exact: true })).toBeVisible();
  const timeline = page.locator('ol.timeline');
  await expect(timeline).toContainText('Reservation lifted');
  await expect(timeline).toContainText('Tags changed');

  // The operator sees nothing of it.
  await as(page, 'operator/admin', 'albion');
  await page.goto(`/o/albion/numbers/${number.e164}`);
  await expect(page.getByRole('main')).not.toContainText(/lobby|new site|Reserv|Tags/);
});

test('its usage changes to what the operator offers, and the operator is told', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const capabilities = ['inbound', 'outbound', 'user', 'voice_app'];
  await albion().ok('PATCH', '/numbers', { numbers: [{ e164: number.e164, capabilities }] });
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(at(number));
  const form = await unfold(page, 'Change usage');
  await expect(form.getByRole('option', { name: /not offered/ })).toBeDisabled();
  await form.getByLabel('Usage').selectOption('voice_app');
  await press(page, 'Change usage', form);
  await expect(toast(page)).toContainText('usage is changed');
  await reloadUntil(page, () => expect(fact(page, 'State').locator('.badge')).toHaveText('Free', { timeout: 1_000 }));
  await expect(page.locator('ol.timeline')).toContainText('Usage changed');
});

test('an emergency location is written down, demanded, set, moved with its address and kept while it is used', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await albion().ok('PATCH', '/numbers', { numbers: [{ e164: number.e164, emergency_address_mode: 'tenant', emergency_location: null }] });
  await as(page, 'tenant/admin', 'harrow');
  const name = `Site ${number.e164.slice(-4)} ${test.info().project.name}`;

  // The book: a wrong address is sent back whole, with what is wrong beside each field.
  await page.goto('/t/harrow/locations');
  await axe(page);
  await follow(page, 'Add a location', page.getByRole('main'));
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Street').fill('Mill Lane');
  await page.getByLabel('House number').fill('7');
  await page.getByLabel('Postal code').fill('SE1 1AA');
  await page.getByLabel('City').fill('London');
  await page.getByLabel('Country').fill('9!');
  await press(page, 'Save');
  await expect(page.getByLabel('Country')).toHaveAccessibleDescription(/Two letters, as in DE/);
  await expect(page.getByLabel('Street')).toHaveValue('Mill Lane');
  await axe(page);
  await page.getByLabel('Country').fill('gb');
  await press(page, 'Save');
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText('Mill Lane 7');

  // Demanded before an assignment.
  await page.goto(`${at(number)}/assign?target=${encodeURIComponent(person.id)}`);
  await expect(page.getByRole('main')).toContainText(/emergency address/i);
  await page.goto(at(number));
  const form = await unfold(page, 'Set emergency location');
  await form.getByLabel('Emergency').selectOption({ label: `${name}: Mill Lane 7, SE1 1AA London` });
  await press(page, 'Set emergency location', form);
  await expect(fact(page, 'Emergency')).toContainText('Mill Lane 7');
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });

  // Used, so it cannot go; changed, it takes the number along, and the operator is told.
  await page.goto(`/t/harrow/locations?q=${encodeURIComponent(name)}`);
  await page.getByRole('row').filter({ hasText: name }).locator('a.row-link').click();
  await expect(page.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await page.getByLabel('House number').fill('9');
  await press(page, 'Save');
  await expect(toast(page)).toContainText('One number moved');
  await page.goto(at(number));
  await expect(fact(page, 'Emergency')).toContainText('Mill Lane 9');
  await expect(page.locator('ol.timeline')).toContainText('Mill Lane 7, SE1 1AA London → Mill Lane 9');
  await axe(page);
});

test('what the operator refused is tried again by one button', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  const made = await harrow().ok<NumberLine>('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  await albion().ok('POST', `/numbers/${number.e164}/refuse`, { seq: made.number_seq, code: 'no_route', reason: 'No route to that exchange.' });
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(at(number));
  await expect(page.getByRole('main')).toContainText('No route to that exchange');
  await press(page, 'Try again');
  await expect(toast(page)).toContainText('told again');
  await reloadUntil(page, () => expect(fact(page, 'State').locator('.badge')).toHaveText('Activated', { timeout: 1_000 }));
  const form = await unfold(page, 'Change category');
  await form.getByLabel('Category').selectOption('private');
  await press(page, 'Change category', form);
  await expect(fact(page, 'Category')).toHaveText('Private line');
});

test('it rests as long as is chosen, and the default of the organisation can be set', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`${at(number)}/unassign`);
  await page.getByRole('radio', { name: /^Another length/ }).check();
  await page.getByLabel(/^Days/).fill('366');
  await press(page, 'Unassign');
  await expect(page.getByLabel(/^Days/)).toHaveValue('366');
  await expect(page.getByLabel(/^Days/)).toHaveAccessibleDescription(/1 to 365/);
  await page.getByLabel(/^Days/).fill('14');
  await press(page, 'Unassign');
  await reloadUntil(page, () => expect(fact(page, 'State').locator('.badge')).toHaveText(/quarantine/i, { timeout: 1_000 }));

  await page.goto('/t/harrow/settings');
  await axe(page);
  const held = await page.getByLabel(/^Days/).inputValue();
  await page.getByLabel(/^Days/).fill('1000');
  await press(page, 'Save');
  await expect(page.getByLabel(/^Days/)).toHaveValue('1000');
  await expect(page.getByLabel(/^Days/)).toHaveAccessibleDescription(/1 to 365/);
  await page.getByLabel(/^Days/).fill(held);
  await press(page, 'Save');
  await expect(toast(page)).toContainText('saved');

  await as(page, 'tenant/auditor', 'harrow');
  await page.goto('/t/harrow/settings');
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
});

test('given back, released by the operator, and its history stays readable for both', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  // The day where the customer is, as it was when the person had the number.
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format();
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(at(number));
  await expect(page.locator('#change summary', { hasText: 'Give the number back' }), 'not while somebody has it').toHaveCount(0);
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });

  await page.goto(at(number));
  const form = await unfold(page, 'Give the number back');
  await form.getByLabel(/^Note to/).fill('Site closed');
  await press(page, 'Ask for release', form);
  await expect(fact(page, 'Release asked for')).toBeVisible();
  await albion().ok('POST', '/numbers/release', { numbers: [number.e164] });

  await page.reload();
  await expect(page.getByRole('main')).toContainText('This number left your stock');
  await expect(page.locator('ol.timeline')).toContainText('Site closed');
  await expect(page.locator('ol.timeline')).toContainText(person.display_name);
  await page.getByLabel(/^Day/).fill(today);
  await press(page, 'Look up');
  await expect(page.locator('#holder')).toContainText(person.display_name);
  await page.getByLabel(/^Day/).fill('2020-01-01');
  await press(page, 'Look up');
  await expect(page.locator('#holder')).toContainText('Nobody had the number');
  await axe(page);

  await as(page, 'operator/admin', 'albion');
  await page.goto(`/o/albion/numbers/${number.e164}`);
  await expect(page.getByRole('main')).toContainText('left your stock');
  await expect(page.getByRole('main')).not.toContainText(person.display_name);
  await axe(page);
  await as(page, 'operator/admin', 'norvik');
  const answer = await page.goto(`/o/norvik/numbers/${number.e164}`);
  expect(answer?.status()).toBe(404);
});

test('assigned by keyboard alone', async ({ page }) => {
  const number = await freeNumber(harrow(), LONDON);
  const person = await freePerson(harrow(), 'GB');
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(at(number));
  await tabTo(page, page.getByRole('main').getByRole('link', { name: 'Assign', exact: true }));
  await enter(page);
  await tabTo(page, page.getByRole('main').getByRole('searchbox'));
  await page.keyboard.type(person.display_name);
  await enter(page);
  // The radios are one stop; the arrows choose among them.
  const radios = page.locator('input[name="target_id"]:not([disabled])');
  await tabTo(page, radios.first());
  await page.keyboard.press('Space');
  const wanted = page.getByRole('radio', { name: person.display_name });
  for (let i = 0; i < 12 && !(await wanted.isChecked()); i += 1) await page.keyboard.press('ArrowDown');
  await expect(wanted).toBeChecked();
  await tabTo(page, page.getByRole('main').getByRole('button', { name: /^Assign/ }));
  await enter(page);
  await expect(fact(page, 'Assigned to')).toContainText(person.display_name);
  await until(
    () => harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`),
    (line) => line.activation_state === 'activated',
    'activation',
  );
});
