// An operator connects its receiver: a process of its own that knows Concord only by the standard webhooks library.
import { as, axe, demo, expect, fact, follow, openMenu, press, reloadUntil, test, toast } from '../helpers';
import { Api, freeNumber, freePerson, until, type NumberLine } from '../helpers/api';
import { startReceiver } from '../helpers/receiver';

const NEW_YORK = '+1212555';

test('an endpoint is added, verified, gets an assignment that it can verify, and activates the number', async ({ page, js }) => {
  const receiver = await startReceiver();
  const description = `Receiver ${js ? 'with' : 'without'} scripts ${Date.now()}`;
  try {
    await as(page, 'operator/admin', 'tidewater');
    await page.goto('/o/tidewater/endpoints');
    await follow(page, 'Add an endpoint', page.getByRole('main'));
    await page.getByLabel('Address', { exact: true }).fill(receiver.hook);
    await page.getByLabel('Description (optional)').fill(description);
    await axe(page);
    await press(page, 'Add endpoint');
    await expect(toast(page)).toContainText('Endpoint added');
    const secret = (await page.locator('code', { hasText: /^whsec_/ }).first().textContent())?.trim() ?? '';
    expect(secret).toMatch(/^whsec_/);
    await expect(page.getByRole('main')).toContainText('Verify this endpoint to begin');
    await axe(page);
    await page.reload();
    await expect(page.getByText(secret), 'shown this once').toHaveCount(0);

    await receiver.control({ secret });
    await press(page, 'Verify');
    await expect(toast(page)).toContainText('Endpoint verified');
    const [challenge] = await receiver.all(1);
    expect(challenge.type).toBe('endpoint.verification');
    expect(challenge.verified, challenge.reason ?? '').toBe(true);

    await press(page, 'Send a test');
    await expect(toast(page)).toContainText('Test taken');
    await axe(page);

    // The same from the page of all notices, by the endpoint's name: with a second one there is a choice.
    const api = Api.of(demo(), 'operator', 'tidewater');
    const second = await api.ok<{ id: string }>('POST', '/endpoints', { url: receiver.hook, description: `Second ${Date.now()} ${js}`, confirms: false });
    await page.goto('/o/tidewater/notifications');
    await openMenu(page, 'Send a test');
    await axe(page);
    await press(page, description);
    await expect(toast(page)).toContainText('Test taken');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(description);
    await api.call('DELETE', `/endpoints/${second.id}`);

    const harrow = Api.of(demo(), 'tenant', 'harrow');
    const number = await freeNumber(harrow, NEW_YORK);
    const person = await freePerson(harrow, 'US');
    await harrow.ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
    const accepted = await until(
      () => receiver.accepted(),
      (all) => all.some((message) => message.type === 'number.assigned' && message.body.data.e164 === number.e164),
      'the assignment at the receiver',
    );
    const message = accepted.find((one) => one.type === 'number.assigned' && one.body.data.e164 === number.e164);
    expect(message?.body).toMatchObject({ number_seq: number.number_seq + 1, schema: 'concord.number/1', data: { sip_uri: `sip:${number.e164}@harrow.sip.example;user=phone` } });
    expect(JSON.stringify(message?.body), 'no name of a person leaves').not.toContain(person.display_name);
    expect((await receiver.all()).filter((one) => !one.verified), 'every message verifies').toEqual([]);
    await until(() => harrow.ok<NumberLine>('GET', `/tenant/numbers/${number.e164}`), (line) => line.activation_state === 'activated', 'activation');

    // What push and pull hand over is the same.
    const tidewater = Api.of(demo(), 'operator', 'tidewater');
    const pulled = await tidewater.get(`/events/${message?.id}`);
    expect(pulled.status, pulled.text).toBe(200);
    expect(pulled.body).toEqual(message?.body);

    // Failing on purpose: tried again until it is taken, under the same id.
    await receiver.control({ fail: 1_000, status: 503, forget: true });
    await harrow.ok('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });
    const own = async () => (await receiver.all()).filter((one) => one.type === 'number.unassigned' && one.body.data.e164 === number.e164);
    await until(own, (all) => all.length > 0, 'the first try');
    await receiver.control({ fail: 0 });
    const unassigned = await until(own, (all) => all.some((one) => one.status < 300), 'a try that is taken');
    expect(unassigned.length).toBeGreaterThanOrEqual(2);
    expect(new Set(unassigned.map((one) => one.id)).size, 'one id over all tries').toBe(1);
  } finally {
    // Else it would fail on, and be a worry of other tests.
    await page.goto('/o/tidewater/endpoints');
    const row = page.getByRole('row', { name: description });
    if (await row.count()) {
      await row.locator('a.row-link').click();
      await page.locator('main a[href$="/delete"]').first().click();
      await press(page, 'Delete endpoint');
    }
    receiver.stop();
  }
});

test('an address that may not be used is refused at its field, and the form keeps its input', async ({ page }) => {
  await as(page, 'operator/admin', 'tidewater');
  for (const [url, words] of [
    ['http://10.0.0.7/hook', /https|address/i],
    ['https://169.254.169.254/latest/meta-data', /not reachable|address/i],
    ['ftp://hooks.example/x', /https|Write it like/i],
  ] as const) {
    await page.goto('/o/tidewater/endpoints/new');
    await page.getByLabel('Address', { exact: true }).fill(url);
    await page.getByLabel('Description (optional)').fill('Kept');
    await press(page, 'Add endpoint');
    await expect(page).toHaveURL(/\/endpoints\/new/);
    await expect(page.getByLabel('Address', { exact: true })).toHaveValue(url);
    await expect(page.getByLabel('Address', { exact: true })).toHaveAccessibleDescription(words);
    await expect(page.getByLabel('Description (optional)')).toHaveValue('Kept');
  }
  await axe(page);
});

test('an endpoint that does not answer the challenge stays unverified and says why', async ({ page }) => {
  const receiver = await startReceiver();
  const hook = receiver.hook;
  receiver.stop();
  const description = `Gone ${Date.now()} ${Math.random()}`;
  await as(page, 'operator/admin', 'tidewater');
  await page.goto('/o/tidewater/endpoints/new');
  await page.getByLabel('Address', { exact: true }).fill(hook);
  await page.getByLabel('Description (optional)').fill(description);
  await press(page, 'Add endpoint');
  await press(page, 'Verify');
  await expect(page.getByRole('main')).toContainText(/did not answer/);
  await expect(fact(page, 'State')).toContainText(/Not verified/);
  await page.locator('main a[href$="/delete"]').first().click();
  await axe(page);
  await press(page, 'Delete endpoint');
  await reloadUntil(page, () => expect(page.getByRole('row', { name: description })).toHaveCount(0, { timeout: 500 }));
});

test('who may only look sees the buttons with the reason why not', async ({ page }) => {
  await as(page, 'operator/viewer', 'albion');
  await page.goto('/o/albion/endpoints');
  await expect(page.getByRole('button', { name: 'Add an endpoint' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Add an endpoint' })).toHaveAccessibleDescription(/role/i);
  const answer = await page.goto('/o/albion/endpoints/new');
  expect(answer?.status()).toBe(403);
});
