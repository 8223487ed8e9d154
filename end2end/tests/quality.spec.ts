// Quality in both portals: shares with their n, worst first, and from there to the calls.
import { as, axe, expect, test } from '../helpers';
import { albion } from '../helpers/calls';

for (const [role, slug, side, other] of [['tenant/admin', 'harrow', 't', 'Albion Voice'], ['operator/admin', 'albion', 'o', 'Harrow & Finch']] as const) {
  test(`${side === 't' ? 'a tenant' : 'an operator'} sees the poor share with its n, as a chart and as a table, and goes on to the calls`, async ({ page }) => {
    await as(page, role, slug);
    await page.goto(`/${side}/${slug}/quality`);
    const tile = page.locator('.tile').filter({ hasText: 'Poor calls' }).first();
    await expect(tile.locator('.tile-value')).toContainText('%');
    await expect(tile).toContainText(/n = \d/);
    await expect(page.getByRole('figure', { name: 'Poor calls by day' })).toBeVisible();
    await page.getByText('Show the numbers as a table').first().click();
    const table = page.getByRole('table', { name: 'Poor calls by day' });
    await expect(table).toContainText(other);
    await expect(table.locator('tbody tr')).toHaveCount(28);
    await axe(page);

    await page.goto(`/${side}/${slug}/quality?period=7d`);
    await page.getByText('Show the numbers as a table').first().click();
    await expect(page.getByRole('table', { name: 'Poor calls by day' }).locator('tbody tr')).toHaveCount(7);
    await Promise.all([page.waitForEvent('load'), page.locator('a.tile').filter({ hasText: 'Poor calls' }).first().click()]);
    await expect(page).toHaveURL(new RegExp(`/${side}/${slug}/calls\\?.*tab=poor`));
    const rows = page.getByRole('table', { name: 'Calls', exact: true }).locator('tbody tr');
    for (const text of await rows.allInnerTexts()) expect(text).toContain('Poor');

    const file = await page.request.get(`/${side}/${slug}/quality.csv?period=7d`);
    expect(file.status()).toBe(200);
    expect(file.headers()['content-type']).toContain('text/csv');
  });
}

test('the bad day of the demo stands out, in the tenant’s zone', async ({ page }) => {
  await as(page, 'operator/admin', 'norvik');
  await page.goto('/o/norvik/quality?period=28d');
  // The page speaks German: shares as "22,4 %".
  const table = page.locator('main figure').first().locator('table');
  const shares = await table.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) => Number.parseFloat((row.querySelectorAll('td')[1].textContent ?? '').replace(',', '.'))).filter((share) => !Number.isNaN(share)),
  );
  const sorted = [...shares].sort((a, b) => b - a);
  expect(sorted[0], shares.join(' ')).toBeGreaterThan(8);
  expect(sorted[1], shares.join(' ')).toBeLessThan(sorted[0] / 2);
});

test('figures by call are those of the page', async ({ page }) => {
  const { data } = await albion().ok<{ data: { n: number; poor_ratio: number | null }[] }>('GET', `/quality?from=${new Date(Date.now() - 7 * 86_400_000).toISOString()}&to=${new Date().toISOString()}&group_by=tenant&measures=poor_ratio,n`);
  expect(data.length).toBeGreaterThan(0);
  for (const line of data) expect(line.n).toBeGreaterThan(0);
  await as(page, 'operator/support', 'albion');
  const answer = await page.goto('/o/albion/quality');
  expect(answer?.status()).toBe(200);
});
