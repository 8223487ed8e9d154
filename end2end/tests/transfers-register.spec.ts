import { as, axe, demo, expect, fact, follow, press, reloadUntil, test } from '../helpers';
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

// Harrow & Finch read English, Säntis German.
for (const { slug, head, check, holds, differs, number } of [
  { slug: 'harrow', head: 'Head', check: 'Check', holds: 'It fits.', differs: 'It does not fit.', number: /number, such as 61/ },
  { slug: 'saentis', head: 'Kopf', check: 'Abgleichen', holds: 'Er passt.', differs: 'Er passt nicht.', number: /Nummer des Eintrags, etwa 61/ },
]) {
  test(`a head is taken away and held against the register later: ${slug}`, async ({ page }) => {
    await as(page, 'tenant/admin', slug);
    const lines = (await (await page.request.get(`/t/${slug}/register/head.csv`)).text()).split('\r\n').map((line) => line.split(','));
    expect(lines[0]).toEqual(['org_id', 'at', 'chain', 'entry', 'head']);
    const [, , , kept, hash] = lines.find((line) => line[2] === 'register') ?? [];
    const entry = page.locator('main input[name=entry]');
    const main = page.getByRole('main');
    await page.goto(`/t/${slug}/register/verify`);
    await entry.fill(kept);
    await page.locator('main input[name=head]').fill(hash);
    await press(page, check);
    await expect(main).toContainText(holds);
    // What the page itself shows may be typed as it stands there, marks between thousands and all.
    await entry.fill(await fact(page, /^(Newest chained entry|Neuester)/).innerText());
    await page.locator('main input[name=head]').fill(await fact(page, new RegExp(`^${head}$`)).locator('code').innerText());
    await press(page, check);
    await expect(main).toContainText(holds);
    await axe(page);
    await page.locator('main input[name=head]').fill(hash.replace(/^./, (first) => (first === '0' ? '1' : '0')));
    await press(page, check);
    await expect(main).toContainText(differs);
    await entry.fill('soon');
    await press(page, check);
    await expect(entry).toHaveAccessibleDescription(number);
    await expect(entry).toHaveValue('soon');
    await expect(main).not.toContainText(differs);
    await axe(page);
  });
}

test('what was given and what was received are told apart, each side from where it stands', async ({ page }) => {
  for (const [role, side, slug, word, way] of [
    ['tenant/auditor', 't', 'harrow', 'Given', 'to_operator'],
    ['tenant/auditor', 't', 'harrow', 'Received', 'from_operator'],
    ['operator/admin', 'o', 'albion', 'Received', 'to_operator'],
  ] as const) {
    await as(page, role, slug);
    await page.goto(`/${side}/${slug}/register`);
    await page.locator('.filter-more summary').click();
    await page.locator('select[name=direction]').selectOption({ label: word });
    await press(page, 'Apply');
    await expect(page).toHaveURL(new RegExp(`direction=${way}`));
    await expect(page.locator('.chips')).toContainText(word);
    const told = await page.getByRole('table', { name: 'Transfers' }).locator('tbody tr td:nth-child(2)').allInnerTexts();
    expect(told.length).toBeGreaterThan(0);
    expect([...new Set(told)]).toEqual([word]);
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
