// From the first look at an operator to the last number given back, by a customer that has nobody else: Calder Mills in one project,
// Ardmore Foods in the other, both with Skerry Telecom.
import { createHash } from 'node:crypto';
import type { Page } from '@playwright/test';
import { as, axe, demo, expect, fact, follow, openMenu, press, reloadUntil, test, toast } from '../helpers';
import { Api, freePerson, until, type NumberLine } from '../helpers/api';

test.describe.configure({ mode: 'serial' });

const slugOf = (js: boolean) => (js ? 'calder' : 'ardmore');
const skerry = () => Api.of(demo(), 'operator', 'skerry');
const main = (page: Page) => page.getByRole('main');
/** Glasgow numbers that nobody has (reserved for fiction); a range for each project. */
const numberOf = (js: boolean, n: number) => `+441414960${js ? 1 : 2}0${n}`;

async function provision(js: boolean, ...places: number[]): Promise<void> {
  const numbers = places.map((n) => ({ e164: numberOf(js, n), tenant_id: slugOf(js), usage: 'user', city: 'Glasgow' }));
  const put = await skerry().post<{ accepted: number }>('/numbers', { numbers });
  expect(put.body.accepted, put.text).toBe(numbers.length);
}

const consentOf = async (slug: string) => {
  const { data } = await skerry().ok<{ data: { slug: string; consent: { status: string } }[] }>('GET', '/tenants');
  return data.find((row) => row.slug === slug)?.consent.status;
};

/** Runs the change set on the page and waits for its end. */
async function run(page: Page, tenant: Api, button: RegExp): Promise<void> {
  await press(page, button);
  const id = /change-sets\/([\da-f-]+)/.exec(page.url())?.[1];
  await until(() => tenant.ok<{ state: string }>('GET', `/tenant/change-sets/${id}`), (set) => set.state === 'done', 'the end of the work');
  // With scripts the page goes on by itself at the end, which may cut off our own going.
  await expect(async () => {
    await page.goto(page.url());
  }).toPass({ timeout: 15_000 });
}

test('a customer finds an operator, reads, accepts, and takes the papers along', async ({ page, js }) => {
  const slug = slugOf(js);
  await as(page, 'tenant/admin', slug);
  await page.goto(`/t/${slug}/operators`);
  await expect(main(page)).toContainText('You have no operator yet');
  await page.locator('select[name=country]').selectOption({ label: 'Netherlands' });
  await press(page, 'Apply');
  await expect(page).toHaveURL(/country=NL/);
  await expect(main(page).locator('.op-card')).toHaveCount(1);
  await axe(page);

  await follow(page, /^Read notice and add Skerry/, main(page));
  await page.getByRole('checkbox', { name: 'United Kingdom', exact: true }).check();
  await page.getByRole('checkbox', { name: 'Netherlands', exact: true }).check();
  await page.getByRole('checkbox', { name: /^I have read/ }).check();
  await press(page, 'Accept');
  await expect(page.getByRole('checkbox', { name: /^Our people are informed/ })).toHaveAccessibleDescription(/Inform your people first/);
  await axe(page);
  await page.getByRole('checkbox', { name: /^Our people are informed/ }).check();
  await press(page, 'Accept');
  await expect(page).toHaveURL(/\/operators\/skerry$/);
  await expect(fact(page, /^Consent$/)).toHaveText('Active');
  await expect(main(page)).toContainText('United Kingdom');
  await axe(page);

  await follow(page, 'Certificate', main(page));
  await expect(fact(page, /^Staff$/)).toContainText('Netherlands');
  const lines = await main(page).locator('pre').innerText();
  const digest = createHash('sha256').update(`${lines.trimEnd()}\n`).digest('hex');
  await expect(fact(page, /^Digest/)).toContainText(digest);
  // A moment later the entry is chained, and the paper names what the ledger's own file says of it.
  const hash = fact(page, /^Hash in the ledger/).locator('code');
  await reloadUntil(page, () => expect(hash).toHaveText(/^[\da-f]{64}$/, { timeout: 1_000 }));
  const ledger = await (await page.request.get(`/t/${slug}/operators.csv`)).text();
  const chained = await hash.innerText();
  expect(ledger.split('\r\n').find((line) => line.endsWith(chained))).toContain('granted');
  await expect(fact(page, /^Digest/), 'being chained changes no certificate').toContainText(digest);
  await axe(page);
  await page.goto(`/t/${slug}/operators/skerry/handout`);
  await expect(main(page)).toContainText('Your calls over Skerry Telecom');
  await expect(main(page)).toContainText('Ihre Anrufe über Skerry Telecom');
  await axe(page);
});

test('suspending says what it does, asks again when that changes, and resuming opens it again', async ({ page, js }) => {
  const slug = slugOf(js);
  const tenant = Api.of(demo(), 'tenant', slug);
  await provision(js, 1, 2);
  const person = await freePerson(tenant, 'GB');
  await tenant.ok('POST', `/tenant/numbers/${numberOf(js, 1)}/assign`, { target_id: person.id });
  await until(() => tenant.ok<NumberLine>('GET', `/tenant/numbers/${numberOf(js, 1)}`), (line) => line.activation_state === 'activated', 'activation');

  await as(page, 'tenant/admin', slug);
  await page.goto(`/t/${slug}/operators/skerry/suspend`);
  await expect(main(page)).toContainText('No number of Skerry Telecom can be assigned or changed (in stock: 2)');
  await expect(main(page)).toContainText('calls go on: 1.');
  await axe(page);
  await provision(js, 3);
  await press(page, 'Suspend', main(page));
  await expect(page).toHaveURL(/\/suspend$/);
  await expect(main(page)).toContainText('The counts have changed meanwhile');
  await expect(main(page)).toContainText('(in stock: 3)');
  expect(await consentOf(slug), 'nothing was done').toBe('active');
  await axe(page);
  await press(page, 'Suspend', main(page));
  await expect(toast(page)).toContainText('stay as they are: 3');
  await expect(fact(page, /^Consent$/)).toHaveText('Suspended');
  expect(await consentOf(slug)).toBe('suspended');
  const refused = await tenant.post(`/tenant/numbers/${numberOf(js, 2)}/assign`, { target_id: (await freePerson(tenant, 'GB')).id });
  expect(refused.body.code, refused.text).toBe('gate_closed');

  await as(page, 'operator/admin', 'skerry');
  await page.goto(`/o/skerry/customers/${slug}`);
  await reloadUntil(page, () => expect(main(page).locator('.timeline')).toContainText('consent.suspended', { timeout: 1_000 }));
  await axe(page);

  await as(page, 'tenant/admin', slug);
  await page.goto(`/t/${slug}/operators/skerry/resume`);
  await expect(main(page)).toContainText('present state of each assigned number once (1)');
  await axe(page);
  await press(page, 'Resume', main(page));
  await expect(fact(page, /^Consent$/)).toHaveText('Active');
});

test('leaving goes step by step to the end, whether the consent stands or not', async ({ page, js }) => {
  const slug = slugOf(js);
  const tenant = Api.of(demo(), 'tenant', slug);
  const leave = `/t/${slug}/operators/skerry/leave`;
  const step = (word: string) => page.locator('.card').filter({ has: page.getByRole('heading', { name: new RegExp(word) }) });
  await as(page, 'tenant/admin', slug);
  await page.goto(leave);
  await expect(step('Unassign the numbers')).toContainText('To do');
  await axe(page);
  await follow(page, 'Prepare the change set', main(page));
  await press(page, 'Check the rows');
  await run(page, tenant, /^Run \(1\)/);

  // Withdrawn in the middle: what is left to do stays possible.
  await page.goto(leave);
  await expect(step('Unassign the numbers')).toContainText('Done');
  await follow(page, 'See what happens, then withdraw', main(page));
  await expect(main(page)).toContainText('calls go on: 0.');
  await axe(page);
  await press(page, 'Withdraw', main(page));
  await expect(fact(page, /^Consent$/)).toHaveText('Withdrawn');

  await page.goto(leave);
  await expect(step('Withdraw the consent')).toContainText('Done');
  await follow(page, 'Prepare the release requests', main(page));
  await press(page, 'Check the rows');
  await run(page, tenant, /^Run \(3\)/);
  await page.goto(leave);
  await expect(step('The operator takes the numbers back')).toContainText('Waiting for the operator');
  await expect(main(page)).toContainText('release asked for: 3');
  await axe(page);
  const released = await skerry().post<{ accepted: number }>('/numbers/release', { numbers: [1, 2, 3].map((n) => numberOf(js, n)) });
  expect(released.body.accepted, released.text).toBe(3);
  await reloadUntil(page, () => expect(main(page)).toContainText('You have left Skerry Telecom', { timeout: 1_000 }));
  await axe(page);

  // What went on after the withdrawal went on as wind-down, and both sides can prove it.
  await page.goto(`/t/${slug}/register?party=skerry`);
  await reloadUntil(page, () => expect(main(page)).toContainText('Confirmed', { timeout: 1_000 }));
  await press(page, 'Verify');
  await expect(main(page)).toContainText('The chain is whole');
});

test('the same in German: zustimmen, aussetzen, fortsetzen, widerrufen', async ({ page, js }) => {
  const slug = slugOf(js);
  await as(page, 'tenant/admin', slug);
  await page.goto(`/t/${slug}/operators/skerry`);
  await openMenu(page, 'Account of');
  await press(page, 'Deutsch');
  await follow(page, 'Hinweis lesen und hinzufügen', main(page));
  await expect(main(page)).toContainText('Wenn Sie zustimmen, gibt die Plattform');
  await follow(page, 'English', main(page));
  await expect(main(page)).toContainText('When you accept, the platform gives');
  await page.getByRole('checkbox', { name: 'Niederlande', exact: true }).uncheck();
  await page.getByRole('checkbox', { name: 'Vereinigtes Königreich', exact: true }).check();
  await page.getByRole('checkbox', { name: /^Ich habe Version/ }).check();
  await axe(page);
  await press(page, 'Zustimmen');
  await expect(fact(page, /^Einwilligung$/)).toHaveText('Aktiv');
  for (const [verb, button, state] of [
    ['suspend', 'Aussetzen', 'Ausgesetzt'],
    ['resume', 'Fortsetzen', 'Aktiv'],
    ['withdraw', 'Widerrufen', 'Widerrufen'],
  ]) {
    await page.goto(`/t/${slug}/operators/skerry/${verb}`);
    await expect(main(page)).toContainText('Skerry Telecom erfährt es sofort');
    await axe(page);
    await press(page, button, main(page));
    await expect(fact(page, /^Einwilligung$/)).toHaveText(state);
  }
  await follow(page, 'Bescheinigung', main(page));
  await expect(fact(page, /^Hinweistext$/)).toContainText('2026-11');
  await axe(page);
  await page.goto(`/t/${slug}/operators/skerry/leave`);
  await expect(main(page)).toContainText('Sie haben Skerry Telecom verlassen');
  await page.goto(`/t/${slug}/register`);
  await press(page, 'Prüfen');
  await expect(main(page)).toContainText('Die Kette ist ganz');
  await openMenu(page, 'Konto von');
  await press(page, 'English');
});
