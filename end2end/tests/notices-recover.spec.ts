// An endpoint's life after it was added: new secret, pause, resume, past events sent again; and a failing event that is found and sent again.
import { as, axe, demo, expect, fact, follow, press, reloadUntil, test, toast } from '../helpers';
import { Api, freeNumber, freePerson, until } from '../helpers/api';
import { startReceiver, type Message, type Receiver } from '../helpers/receiver';

interface Endpoint {
  id: string;
  secret: string;
  state: string;
}

const NEW_YORK = '+1212555';
const SEARCH = 'Number, customer or event id';

/** An active endpoint of its own, made by API; told of assignments alone. */
async function ownEndpoint(api: Api, receiver: Receiver, description: string): Promise<Endpoint> {
  const made = await api.ok<Endpoint>('POST', '/endpoints', { url: receiver.hook, description, event_types: ['number.assigned'], confirms: false });
  await receiver.control({ secret: made.secret });
  expect((await api.ok<Endpoint>('POST', `/endpoints/${made.id}/verify`)).state).toBe('active');
  await receiver.control({ forget: true });
  return made;
}

/** Assigns a free number to a free person; gives the number. */
async function assign(): Promise<string> {
  const harrow = Api.of(demo(), 'tenant', 'harrow');
  const number = await freeNumber(harrow, NEW_YORK);
  const person = await freePerson(harrow, 'US');
  await harrow.ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  return number.e164;
}

/** What came about this number: other tests' assignments reach every endpoint of the operator. */
const own = (all: Message[], e164: string): Message[] => all.filter((it) => it.body.data?.e164 === e164);

const release = (e164: string): Promise<unknown> => Api.of(demo(), 'tenant', 'harrow').ok('POST', `/tenant/numbers/${e164}/unassign`, { quarantine_days: 0 });

test('an endpoint gets a new secret, is paused and resumed, and past events are sent again after a dry run', async ({ page, js }) => {
  const receiver = await startReceiver();
  const tidewater = Api.of(demo(), 'operator', 'tidewater');
  const one = await ownEndpoint(tidewater, receiver, `Life ${js ? 'with' : 'without'} scripts ${Date.now()}`);
  try {
    await as(page, 'operator/admin', 'tidewater');
    await page.goto(`/o/tidewater/endpoints/${one.id}`);
    await press(page, 'Rotate secret');
    await expect(toast(page)).toContainText('New secret made');
    const secret = (await page.locator('code', { hasText: /^whsec_/ }).first().textContent())?.trim() ?? '';
    expect(secret).not.toBe(one.secret);
    await expect(page.getByRole('main'), 'the old one with its end').toContainText(/ends/);
    await axe(page);

    await press(page, 'Pause');
    await expect(fact(page, 'State')).toContainText('Paused');
    const e164 = await assign();
    await until(() => tidewater.ok<{ backlog: number }>('GET', `/endpoints/${one.id}`), (shown) => shown.backlog > 0, 'a backlog');
    expect(own(await receiver.all(), e164)).toEqual([]);
    await press(page, 'Resume');
    await expect(fact(page, 'State')).toContainText('Active');
    const [message] = await until(() => receiver.all(), (all) => own(all, e164).length > 0, 'what waited').then((all) => own(all, e164));
    expect(message.verified, 'the old secret still fits').toBe(true);

    await follow(page, 'Recover…', page.getByRole('main'));
    await axe(page);
    await page.getByLabel('After a sequence number').check();
    await page.getByLabel('After number').fill(String((message.seq ?? 1) - 1));
    await page.getByLabel('Everything again').check();
    await press(page, 'Dry run');
    await expect(page.getByRole('region', { name: /^This would send \d+ notices?$/ })).toContainText(`Sequence ${(message.seq ?? 0).toLocaleString('en-GB')} to`);
    await axe(page);
    await press(page, /^Recover \d+$/);
    await expect(toast(page)).toContainText('Queued to be sent again');
    const again = await until(() => receiver.all(), (all) => all.filter((it) => it.id === message.id).length > 1, 'the same event again');
    expect(again.filter((it) => !it.verified)).toEqual([]);

    await page.locator('main a[href$="/delete"]').first().click();
    await press(page, 'Delete endpoint');
    await expect(toast(page)).toContainText('Endpoint deleted');
    expect((await tidewater.get(`/endpoints/${one.id}`)).status).toBe(404);
    await release(e164);
  } finally {
    receiver.stop();
    await tidewater.call('DELETE', `/endpoints/${one.id}`);
  }
});

test('a failing event is found by its filters, looked at, and sent again', async ({ page, js }) => {
  const receiver = await startReceiver();
  const tidewater = Api.of(demo(), 'operator', 'tidewater');
  const description = `Failing ${js ? 'with' : 'without'} scripts ${Date.now()}`;
  const one = await ownEndpoint(tidewater, receiver, description);
  // Only with a second one do tries say which it was.
  const second = await tidewater.ok<Endpoint>('POST', '/endpoints', { url: receiver.hook, description: `Second ${Date.now()} ${js}`, confirms: false });
  try {
    await receiver.control({ fail: 1_000, status: 503 });
    const e164 = await assign();
    const [refused] = await until(async () => own(await receiver.all(), e164), (all) => all.length > 0, 'the first try');
    expect(refused.status).toBe(503);

    await as(page, 'operator/admin', 'tidewater');
    await page.goto('/o/tidewater/notifications');
    await follow(page, 'Attempts', page.getByRole('main'));
    await page.getByLabel(SEARCH).fill(e164);
    await page.getByLabel('Result', { exact: true }).selectOption('failed');
    await page.getByLabel('Answer', { exact: true }).selectOption('5xx');
    await press(page, 'Apply');
    await expect(page).toHaveURL(/tab=attempts/);
    await expect(page).toHaveURL(/code=5xx/);
    const rows = page.locator('main tbody tr');
    await reloadUntil(page, () => expect(rows.first()).toContainText(description, { timeout: 1_000 }));
    for (const text of await rows.allTextContents()) expect(text).toContain('503');
    await axe(page);
    await page.locator('main a.row-link').first().click();
    await expect(page.getByRole('main')).toContainText('503');
    await expect(page.getByRole('main'), 'no signature on the page').not.toContainText(/v1,[A-Za-z0-9+/]{20}/);
    await page.locator('main summary', { hasText: 'Copy as curl' }).click();
    await expect(page.getByText(/curl --request POST/)).toBeVisible();
    await axe(page);

    await follow(page, 'Open event', page.getByRole('main'));
    const row = page.getByRole('row', { name: description });
    await expect(row).toContainText('Failing');

    // The one field above the list leads there by the event's id, takes a customer's name, and says what it cannot read.
    const event = page.url();
    await page.goto('/o/tidewater/notifications');
    await page.getByLabel(SEARCH).fill('harrow');
    await press(page, 'Apply');
    await expect(rows.first()).toContainText('Harrow');
    await page.getByLabel(SEARCH).fill('nobody of ours');
    await press(page, 'Apply');
    await expect(page.getByLabel(SEARCH)).toHaveAccessibleDescription(/None of your customers/);
    await axe(page);
    await page.getByLabel(SEARCH).fill(refused.id);
    await press(page, 'Apply');
    await expect(page).toHaveURL(event);
    await receiver.control({ fail: 0 });
    await press(page, 'Redeliver');
    await expect(toast(page)).toContainText('Queued to be sent again');
    const tries = await until(async () => own(await receiver.all(), e164), (all) => all.some((it) => it.status === 204), 'the second try');
    expect(new Set(tries.map((it) => it.id)).size, 'one id over all tries').toBe(1);
    await reloadUntil(page, () => expect(row).toContainText('Delivered', { timeout: 1_000 }));
    await axe(page);
    await release(e164);
  } finally {
    receiver.stop();
    for (const { id } of [one, second]) await tidewater.call('DELETE', `/endpoints/${id}`);
  }
});
