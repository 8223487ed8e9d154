// The pull feed as a machine reads it: from the list of numbers on without a gap, waiting for what comes, and how fresh it is.
import { expect, test } from '@playwright/test';
import { demo } from '../helpers';
import { Api, freeNumber, freePerson, until, type NumberLine } from '../helpers/api';

interface Event {
  id: string;
  seq: number;
  number_seq: number;
  type: string;
  data: { e164: string };
}

interface Page {
  data: Event[];
  last_seq: number;
  head_seq: number;
}

test('the list of numbers says from where the feed goes on, and who waits is answered at once', async () => {
  const harrow = Api.of(demo(), 'tenant', 'harrow');
  const tidewater = Api.of(demo(), 'operator', 'tidewater');
  const number = await freeNumber(harrow, '+1212555');
  const person = await freePerson(harrow, 'US');
  const first = await tidewater.ok<{ data: NumberLine[]; events_after: number; next_cursor: string | null }>('GET', '/numbers?limit=1000&prefix=%2B1212555');
  const listed = first.data.find((line) => line.e164 === number.e164);
  expect(listed?.assignment_status).toBe('unassigned');

  const began = Date.now();
  const waiting = tidewater.ok<Page>('GET', `/events?after=${first.events_after}&e164=${encodeURIComponent(number.e164)}&wait=25`);
  await new Promise((go) => setTimeout(go, 300));
  await harrow.ok('POST', `/tenant/numbers/${number.e164}/assign`, { target_id: person.id });
  const page = await waiting;
  expect(Date.now() - began, 'long before the wait ends').toBeLessThan(10_000);
  expect(page.data.map((event) => [event.type, event.number_seq])).toEqual([['number.assigned', (listed as unknown as { number_seq: number }).number_seq + 1]]);
  expect(page.data[0].seq).toBeGreaterThan(first.events_after);
  expect(page.last_seq).toBe(page.head_seq);

  // The feed has no gap anywhere: as many events as positions.
  const all: number[] = [];
  for (let after = 0; ; ) {
    const part = await tidewater.ok<Page>('GET', `/events?after=${after}&limit=1000&type=${ALL_TYPES}`);
    all.push(...part.data.map((event) => event.seq));
    if (part.data.length < 1000) break;
    after = part.last_seq;
  }
  expect(all.length).toBeGreaterThanOrEqual(page.head_seq);
  expect(all.findIndex((seq, at) => seq !== at + 1), 'the first position out of order').toBe(-1);

  const feeds = await until(
    () => tidewater.ok<{ data: { feed: string; head_seq: number; acked_seq: number; backlog: number; sealed_at: string }[] }>('GET', '/feeds'),
    (it) => it.data[0].acked_seq >= page.data[0].seq,
    'the demo reader’s acknowledgement',
  );
  expect(feeds.data.map((feed) => feed.feed)).toEqual(['events', 'calls']);
  expect(Date.now() - Date.parse(feeds.data[0].sealed_at)).toBeLessThan(120_000);
  await harrow.ok('POST', `/tenant/numbers/${number.e164}/unassign`, { quarantine_days: 0 });

  // Its tenant reads how the operator was told, though nothing was pushed.
  const timeline = await harrow.ok<{ data: { kind: string; event_id: string | null; actor_kind: string }[] }>('GET', `/tenant/numbers/${number.e164}/timeline`);
  expect(timeline.data.find((it) => it.kind === 'pulled' && it.event_id === page.data[0].id)?.actor_kind).toBe('operator');
});

// Named, so that reading confirms nothing.
const ALL_TYPES = [
  'number.assigned',
  'number.unassigned',
  'number.updated',
  'number.released',
  'number.release_requested',
  'number.emergency_location_changed',
  'number.snapshot',
  'consent.granted',
  'consent.suspended',
  'consent.withdrawn',
  'calls.window_ready',
  'dispute.opened',
  'dispute.answered',
  'period.closed',
  'subject_request.opened',
  'endpoint.failing',
  'endpoint.paused',
  'endpoint.disabled',
].join(',');
