// Flow 3 as people see it: a call awaits its duration; the operator hands it in; the tenant's usage shows the operator's count.
import { as, axe, expect, press, reloadUntil, test } from '../helpers';
import { albion, dayInLondon, harrow, lines, oneCall, send, usageOf } from '../helpers/calls';

test('awaited, handed in, counted: the minute goes from the platform’s count to the operator’s', async ({ page }) => {
  // Before the demo's month, so that its number is not one of hundreds on the page.
  const call = await oneCall(40);
  const before = await usageOf(call, (line) => line?.duration_s_awaiting === 60);
  expect(before).toMatchObject({ answered: 1, duration_s_operator: 0 });

  await as(page, 'tenant/admin', 'harrow');
  const { from, to } = dayInLondon(call.answered_at);
  const list = `/t/harrow/usage?from=${from}&to=${to}&group_by=number`;
  const row = () => page.getByRole('row').filter({ has: page.locator(`[value="${call.e164}"]`) });
  await page.goto(list);
  await expect(row()).toContainText(/await/i);
  await axe(page);

  // By hand, in the portal.
  await as(page, 'operator/admin', 'albion');
  await page.goto('/o/albion/durations/upload');
  const head = 'operator_ref,sip_call_id,e164,other_party,direction,answered_at,duration_s';
  await page.locator('textarea[name=text]').fill([head, `${call.call_id},${call.call_id}@sbc1.calls.example,${call.e164},${call.caller},inbound,${call.answered_at},61`, ''].join('\n'));
  await press(page, 'Send');
  await expect(page).toHaveURL(/\/durations\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('table', { name: 'Rows of the batch' })).toContainText('Accepted');
  await axe(page);

  const after = await usageOf(call, (line) => line?.duration_s_operator === 61);
  expect(after).toMatchObject({ duration_s_awaiting: 0, difference_s: 1 });
  await as(page, 'tenant/admin', 'harrow');
  await page.goto(list);
  await reloadUntil(page, () => expect(row()).not.toContainText(/await/i, { timeout: 1_000 }));

  // What came in stands in the register, as much as was taken.
  const { data } = await albion().ok<{ data: { direction: string; classes: string[]; channel: string; records: number }[] }>('GET', `/transfers?class=durations&tenant_id=${harrow().client.org_id}&limit=20`);
  expect(data.some((entry) => entry.direction === 'from_operator' && entry.channel === 'batch' && entry.records === 1), JSON.stringify(data)).toBe(true);
});

test('a newer version takes the place of the old one, a withdrawn row counts no more', async () => {
  // Before the demo's month: no other call keeps that day's count busy.
  const call = await oneCall(41);
  const row = { operator_ref: call.call_id, sip_call_id: `${call.call_id}@sbc1.calls.example`, e164: call.e164, direction: 'inbound', answered_at: call.answered_at, duration_s: 60 };
  const api = albion();
  expect((await send(api, '/duration-batches', lines(row))).body).toMatchObject({ state: 'done', accepted: 1, rejected: 0 });
  expect((await send(api, '/duration-batches', lines(row))).body).toMatchObject({ accepted: 0, duplicate: 1 });
  expect((await send(api, '/duration-batches', lines({ ...row, duration_s: 62 }))).body).toMatchObject({ accepted: 0, rejected: 1 });
  expect((await send(api, '/duration-batches', lines({ ...row, duration_s: 62, version: 2 }))).body).toMatchObject({ accepted: 1, replaced: 1 });
  expect((await send(api, '/duration-batches', lines(row))).body).toMatchObject({ superseded: 1 });
  await usageOf(call, (line) => line?.duration_s_operator === 62 && line.difference_s === 2);
  expect((await send(api, '/duration-batches', lines({ ...row, version: 3, withdrawn: true }))).body).toMatchObject({ accepted: 1, replaced: 1 });
  await usageOf(call, (line) => line?.duration_s_operator === 0 && line.duration_s_awaiting === 60);
});

test('the demo’s batches show every kind of reject with a way to mend it', async ({ page }) => {
  await as(page, 'operator/admin', 'norvik');
  await page.goto('/o/norvik/durations?show=rejects');
  await expect(page.getByRole('table').last().getByRole('row')).not.toHaveCount(1);
  await page.locator('main a.row-link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await axe(page);
});

test('who may not see durations is told so', async ({ page }) => {
  await as(page, 'operator/viewer', 'albion');
  const answer = await page.goto('/o/albion/durations');
  expect(answer?.status()).toBe(403);
  await page.goto('/o/albion/');
  await expect(page.locator('a.tile').filter({ hasText: 'Duration batches today' })).toHaveCount(0);
});
