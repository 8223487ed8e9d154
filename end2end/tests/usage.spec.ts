// The tenant's usage: what operators counted, day by day, with the same figures as a table, a file and by call.
import { as, axe, expect, test } from '../helpers';
import { harrow } from '../helpers/calls';

const main = (page: Parameters<typeof axe>[0]) => page.getByRole('main');
/** A week that is over, so that live calls change nothing in it. */
function week(): { from: string; to: string } {
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  return { from: day(12), to: day(5) };
}

test('figures on the page, in its table, in the file and by call are the same', async ({ page }) => {
  const { from, to } = week();
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/usage?from=${from}&to=${to}`);
  await expect(page.getByRole('figure', { name: 'Minutes per day' })).toBeVisible();
  await page.getByText('Show the numbers as a table').first().click();
  const days = page.getByRole('table', { name: 'Minutes per day' }).locator('tbody tr');
  await expect(days).toHaveCount(7);
  await axe(page);

  const { data } = await harrow().ok<{ data: { day: string; calls: number; duration_s_operator: number; duration_s_awaiting: number }[] }>('GET', `/tenant/usage?from=${from}&to=${to}&group_by=day`);
  const shown = await days.evaluateAll((rows) => rows.map((row) => Number(row.querySelectorAll('td')[1].textContent?.replaceAll(',', ''))));
  const perDay = new Map<string, number>();
  for (const line of data) perDay.set(line.day, (perDay.get(line.day) ?? 0) + line.calls);
  expect(shown).toEqual([...perDay.entries()].sort().map(([, calls]) => calls));

  const minutes = Math.round(data.reduce((sum, line) => sum + line.duration_s_operator, 0) / 60);
  const tile = page.locator('.tile').filter({ hasText: 'Minutes counted by operators' }).locator('.tile-value');
  const told = Number((await tile.innerText()).replaceAll(',', ''));
  expect(Math.abs(told - minutes), `${told} on the page, ${minutes} by call`).toBeLessThanOrEqual(1);

  const file = await page.request.get(`/t/harrow/usage.csv?from=${from}&to=${to}&group_by=day`);
  expect(file.status()).toBe(200);
  const [head, ...rows] = (await file.text()).trim().split('\r\n');
  expect(head.split(',')).toEqual(expect.arrayContaining(['day', 'calls', 'duration_s_operator', 'duration_s_awaiting', 'difference_s', 'complete']));
  const calls = head.split(',').indexOf('calls');
  expect(rows.reduce((sum, row) => sum + Number(row.split(',')[calls]), 0)).toBe(data.reduce((sum, line) => sum + line.calls, 0));
});

test('it is grouped by number, person, operator and country, and narrowed to one operator', async ({ page }) => {
  const { from, to } = week();
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(`/t/harrow/usage?from=${from}&to=${to}`);
  for (const word of ['Person', 'Operator', 'Other country', 'Number']) {
    const chip = main(page).locator('nav.chips').getByRole('link', { name: new RegExp(`^${word}`) });
    if ((await chip.count()) === 0) continue;
    await Promise.all([page.waitForEvent('load'), chip.first().click()]);
    await expect(page).toHaveURL(/from=/);
    await expect(main(page).getByRole('table').last().locator('tbody tr').first()).toBeVisible();
  }
  await page.goto(`/t/harrow/usage?from=${from}&to=${to}&operator=tidewater&group_by=operator`);
  await expect(main(page).getByRole('table').last()).toContainText('Tidewater');
  await expect(main(page).getByRole('table').last()).not.toContainText('Albion');
});

test('a tenant without leave for durations sees the platform’s count and why', async ({ page }) => {
  await as(page, 'tenant/admin', 'saentis');
  await page.goto('/t/saentis/usage');
  await expect(main(page)).toContainText(/Rhôneline|Norvik/);
  await axe(page);
  const wrong = await page.goto('/t/saentis/usage?from=2026-13-45');
  expect([200, 400]).toContain(wrong?.status());
});
