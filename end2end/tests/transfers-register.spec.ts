import { as, axe, demo, expect, follow, press, reloadUntil, test } from '../helpers';
import { Api, freeNumber, freePerson, until, type NumberLine } from '../helpers/api';

const harrow = () => Api.of(demo(), 'tenant', 'harrow');

test('an assignment stands in the register of both sides, and both can prove it', async ({ page }) => {
  const number = await freeNumber(harrow(), '+442079460');
  const person = await freePerson(harrow(), 'GB');
  await harrow().ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  await until(() => harrow().ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`), (line) => line.activation_state === 'activated', 'activation');
  const events = await harrow().ok<{ data: { event_id: string | null; kind: string }[] }>('GET', `/tenant/numbers/${number.e164}/timeline`);
  const event = events.data.find((moment) => moment.kind === 'assigned')?.event_id ?? '';

  for (const [role, slug, side] of [['tenant/admin', 'harrow', 't'], ['operator/admin', 'albion', 'o']] as const) {
    await as(page, role, slug);
    await page.goto(`/${side}/${slug}/register`);
    const row = page.getByRole('row').filter({ hasText: event.replace(/^evt_/, '') }).first();
    await reloadUntil(page, () => expect(row).toContainText('Confirmed', { timeout: 1_000 }));
    await axe(page);
    await row.locator('a.row-link').click();
    await expect(page.getByRole('main')).toContainText(/Webhook|API call/);
    await expect(page.getByRole('main')).toContainText(/Consent/);
    await axe(page);

    await page.goto(`/${side}/${slug}/register`);
    await press(page, 'Verify');
    await expect(page).toHaveURL(/\/register\/verify/);
    await expect(page.getByRole('main')).toContainText('The chain is whole');
    await axe(page);
  }
});

test('the register answers for one operator and one month, and as a file', async ({ page }) => {
  await as(page, 'tenant/auditor', 'harrow');
  await page.goto('/t/harrow/register');
  await page.locator('#ask-party').selectOption({ label: 'Albion Voice' });
  await press(page, 'Answer');
  await expect(page).toHaveURL(/party=/);
  await expect(page).toHaveURL(/month=/);
  await expect(page.getByRole('main')).toContainText(/What these entries add up to|No entry fits/);
  const file = await page.request.get('/t/harrow/register.csv');
  expect(file.status()).toBe(200);
  expect((await file.text()).split('\r\n')[0]).toMatch(/^id,at,direction/);
  await page.goto('/t/harrow/register?from=2020-01-01&to=2020-01-02');
  await expect(page.getByRole('main')).toContainText(/No entry fits/);
  await follow(page, /^(Show all|Clear)/, page.getByRole('main'));
  await expect(page).toHaveURL(/\/register$/);
});

test('the action log knows who assigned, and can be proved', async ({ page }) => {
  await as(page, 'tenant/auditor', 'harrow');
  await page.goto('/t/harrow/audit');
  await expect(page.getByRole('main').getByRole('row')).not.toHaveCount(0);
  await axe(page);
  await press(page, 'Verify');
  await expect(page.getByRole('main')).toContainText(/whole/);
  await axe(page);
});
