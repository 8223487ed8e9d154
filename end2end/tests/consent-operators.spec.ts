import { as, axe, demo, expect, follow, press, test } from '../helpers';
import { Api, freeNumber, freePerson } from '../helpers/api';

test.describe.configure({ mode: 'serial' });

test('the tenant sees its operators, what each may get, and on which text', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/operators');
  await expect(page.getByRole('main')).toContainText('Albion Voice');
  await axe(page);
  await follow(page, /Albion Voice/, page.getByRole('main'));
  await expect(page).toHaveURL(/\/operators\/albion$/);
  await expect(page.getByRole('main')).toContainText('Active');
  await axe(page);
});

test('the operator sees its customers and says how the relationship stands', async ({ page, js }) => {
  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/customers');
  await expect(page.getByRole('main')).toContainText('Harrow & Finch');
  await axe(page);
  await follow(page, /Harrow/, page.getByRole('main'));
  const comment = `Signed, ${js ? 'with' : 'without'} scripts`;
  await page.getByRole('radio', { name: /^Agreement signed/ }).check();
  await page.locator('main [name=comment]').fill(comment);
  await press(page, 'Save', page.getByRole('main'));
  await expect(page.locator('main [name=comment]')).toHaveValue(comment);
  await axe(page);
});

test('ending a contract asks for a comment and keeps what was chosen', async ({ page }) => {
  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/customers/harrow');
  await page.getByRole('radio', { name: /^Contract terminated/ }).check();
  await page.locator('main [name=comment]').fill('');
  await press(page, 'Save', page.getByRole('main'));
  await expect(page.locator('main [name=comment]')).toHaveAccessibleDescription(/Say why/);
  await expect(page.getByRole('radio', { name: /^Contract terminated/ })).toBeChecked();
  await axe(page);
});

test('a consent is accepted only with the text read, a country and a data class', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/operators/rhoneline/accept');
  const form = page.locator('main form:has(input[name=notice_version])');
  await form.evaluate((node: HTMLFormElement) => (node.noValidate = true));
  for (const box of await form.getByRole('checkbox').all()) await box.uncheck();
  await press(page, 'Accept');
  await expect(page).toHaveURL(/\/accept(\?|$)/);
  await expect(page.getByRole('checkbox', { name: /^I have read/ })).toHaveAccessibleDescription(/Read the text, then tick the box/);
  await page.getByRole('checkbox', { name: /^I have read/ }).check();
  await form.evaluate((node: HTMLFormElement) => (node.noValidate = true));
  await press(page, 'Accept');
  await expect(page.getByRole('main')).toContainText('Pick at least one country');
  await expect(page.getByRole('main')).toContainText('Pick at least one data class');
  await axe(page);
});

// Säntis and Norvik in one project, Säntis and Rhôneline in the other: what is suspended here is suspended for everybody.
test('a suspended consent keeps numbers from being assigned, and a resumed one lets them go on', async ({ page, js }) => {
  const [operator, prefix, country] = js ? ['norvik', '+492214710', 'DE'] : ['rhoneline', '+3319900', 'FR'];
  const saentis = Api.of(demo(), 'tenant', 'saentis');
  const number = await freeNumber(saentis, prefix);
  const person = await freePerson(saentis, country);
  await as(page, 'tenant/admin', 'saentis');
  // Säntis speaks German.
  await page.goto(`/t/saentis/operators/${operator}/suspend`);
  await axe(page);
  try {
    await press(page, 'Aussetzen', page.getByRole('main'));
    await expect(page).toHaveURL(new RegExp(`/operators/${operator}$`));
    const refused = await saentis.post(`/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
    expect(refused.status, refused.text).toBe(422);
    expect(refused.body.code).toBe('gate_closed');
    await page.goto(`/t/saentis/numbers/${number.e164}/assign`);
    await expect(page.locator('main button[type=submit][disabled]').first()).toBeVisible();
  } finally {
    await page.goto(`/t/saentis/operators/${operator}/resume`);
    await press(page, 'Fortsetzen', page.getByRole('main'));
  }
  await expect(page).toHaveURL(new RegExp(`/operators/${operator}$`));
  const done = await saentis.post(`/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  expect(done.status, done.text).toBe(200);
});
