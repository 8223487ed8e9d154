// Flow 2 as people see it: a call of the platform stands in the tenant's log and, through an open gate, in the operator's.
import { as, axe, expect, follow, press, reloadUntil, test } from '../helpers';
import { albion, fromFeed, harrow, oneCall } from '../helpers/calls';

test('a call is found in both portals, with its quality and why it ended, and stands in the register', async ({ page }) => {
  const call = await oneCall();
  const fed = await fromFeed(call);
  expect(fed).toMatchObject({ call_id: call.call_id, e164: call.e164, talk_ms: 60_000, quality: 'poor' });

  for (const [role, slug, side] of [['tenant/admin', 'harrow', 't'], ['operator/admin', 'albion', 'o']] as const) {
    await as(page, role, slug);
    await page.goto(`/${side}/${slug}/calls`);
    await page.getByRole('main').getByRole('searchbox').fill(call.e164);
    await press(page, 'Apply', page.getByRole('main'));
    await expect(page).toHaveURL(new RegExp(`number=%2B${call.e164.slice(1)}`));
    const row = page.getByRole('table', { name: 'Calls', exact: true }).getByRole('row').filter({ has: page.locator('a.row-link') });
    await expect(row).toHaveCount(1);
    await expect(row).toContainText('Answered');
    await expect(row).toContainText('Poor');
    await axe(page);
    await row.locator('a.row-link').click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Inbound call: Answered');
    await expect(page.getByRole('main')).toContainText('The caller hung up');
    await expect(page.getByRole('main').locator(`[value="${call.caller}"]`).first()).toBeVisible();
    await axe(page);
  }

  // What was handed over by the feed stands in the register of both sides.
  const { data } = await harrow().ok<{ data: { channel: string; classes: string[]; records: number }[] }>('GET', '/transfers?class=calls&limit=20').catch(() =>
    albion().ok('GET', `/transfers?class=calls&tenant_id=${harrow().client.org_id}&limit=20`),
  );
  expect(data.some((entry) => entry.channel === 'feed' && entry.classes.includes('calls') && entry.records >= 1), JSON.stringify(data)).toBe(true);
});

test('views, filters and files of the log keep their state in the address', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/calls');
  const rows = page.getByRole('table', { name: 'Calls', exact: true }).locator('tbody tr');
  await expect(rows).toHaveCount(50);
  await follow(page, 'Poor', page.getByRole('navigation', { name: 'Calls by outcome' }));
  await expect(page).toHaveURL(/tab=poor/);
  for (const text of await rows.allInnerTexts()) expect(text).toContain('Poor');
  await page.getByRole('main').locator('select[name=direction]').selectOption('inbound');
  await press(page, 'Apply', page.getByRole('main'));
  await expect(page).toHaveURL(/tab=poor/);
  await expect(page).toHaveURL(/direction=inbound/);
  for (const text of await rows.allInnerTexts()) expect(text).not.toContain('Outbound');
  const file = await page.request.get(`/t/harrow/calls.csv${new URL(page.url()).search}`);
  expect(file.status()).toBe(200);
  expect(file.headers()['content-type']).toContain('text/csv');
  await page.goto('/t/harrow/calls?tab=missed');
  for (const text of await rows.allInnerTexts()) expect(text).not.toContain('Answered');
  const wrong = await page.goto('/t/harrow/calls?tab=nonsense');
  expect(wrong?.status()).toBe(400);
});

test('digits of outside numbers are hidden where the tenant’s country asks for it', async ({ page }) => {
  await as(page, 'tenant/admin', 'saentis');
  await page.goto('/t/saentis/calls');
  const table = page.getByRole('main').getByRole('table').first();
  await expect(table).toContainText('••••');
  await table.getByRole('row').filter({ hasText: '••••' }).first().locator('a.row-link').click();
  await expect(page.getByRole('main').locator('data.tel, .tel').filter({ hasText: '••' }).first()).toBeVisible();
  const file = await page.request.get('/t/saentis/calls.csv');
  expect(await file.text()).toMatch(/\*{4},/);
});

test('the overviews count today’s calls and lead to them', async ({ page }) => {
  await oneCall();
  await as(page, 'tenant/admin', 'harrow');
  await page.goto('/t/harrow/');
  const tile = page.locator('a.tile').filter({ hasText: 'Calls today' });
  await expect(tile).toContainText(/by this time: \d/);
  await reloadUntil(page, async () => expect(Number((await tile.locator('.tile-value').innerText()).replaceAll(',', ''))).toBeGreaterThan(0));
  for (const word of ['Minutes today', 'Poor calls, 7 days', 'Calls awaiting a duration']) await expect(page.locator('a.tile').filter({ hasText: word })).toBeVisible();
  await expect(page.getByRole('table', { name: /How fresh/ })).toContainText('Albion Voice');
  await axe(page);
  await Promise.all([page.waitForEvent('load'), tile.click()]);
  await expect(page).toHaveURL(/\/t\/harrow\/calls\?from=/);
  await expect(page.getByRole('table', { name: 'Calls', exact: true })).toBeVisible();

  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/');
  for (const word of ['Calls today', 'Awaiting your durations', 'Duration batches today']) await expect(page.locator('a.tile').filter({ hasText: word })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Calls by customer' })).toContainText('Harrow & Finch');
  await axe(page);
});
