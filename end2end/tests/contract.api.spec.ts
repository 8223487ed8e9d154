// What the document of the machine API says is what the API answers: each call that reads, by each kind of client, and each event.
import { expect, test } from '@playwright/test';
import { demo } from '../helpers';
import { Api } from '../helpers/api';
import { Contract } from '../helpers/contract';

/** What a seeded demo has none of, and what no list leads to: other tests read these, and hold what they read against the document too. */
const UNREAD = [
  '/orders/{id}',
  '/orders/{id}/rows',
  '/platform/call-batches/{id}',
  '/platform/call-batches/{id}/rows',
  '/platform/tenants/{id}/assignments',
  '/tenant/change-sets/{id}',
  '/tenant/change-sets/{id}/rows',
];

const parent = (path: string) => path.slice(0, path.lastIndexOf('/{'));

test('every call that reads answers what the document says', async () => {
  test.setTimeout(120_000);
  const contract = await Contract.of(demo().base_url);
  const clients = [Api.of(demo(), 'operator', 'norvik'), Api.of(demo(), 'operator', 'albion'), Api.of(demo(), 'tenant', 'contoso'), Api.of(demo(), 'tenant', 'harrow'), Api.of(demo(), 'platform')];
  const read = new Set<string>();
  const faults: string[] = [];
  for (const client of clients) {
    /** A path with its places filled from the list before each; undefined when there is none. */
    const filled = async (path: string): Promise<string | undefined> => {
      const at = path.lastIndexOf('/{');
      if (at < 0) return path;
      const [name, rest] = [path.slice(at + 2, path.indexOf('}', at)), path.slice(path.indexOf('}', at) + 1)];
      const list = await filled(parent(path));
      const found = list && (await client.get(list)).body?.data?.[0];
      const value = found?.[name] ?? found?.id;
      return value === undefined ? undefined : `${list}/${encodeURIComponent(value)}${rest}`;
    };
    for (const path of contract.reads) {
      const real = await filled(path);
      if (!real) continue;
      const answer = await client.get(real).catch((error: Error) => error);
      if (answer instanceof Error) {
        faults.push(answer.message);
        continue;
      }
      const { status, body } = answer;
      if (status === 200) read.add(path);
      if (contract.faults('get', path, status, body) === undefined) faults.push(`GET ${real} answers ${status}, of which the document says nothing`);
    }
  }
  expect(faults).toEqual([]);
  expect(contract.reads.filter((path) => !read.has(path) && !UNREAD.includes(path))).toEqual([]);
});

test('every event of every feed is what the document says of its type', async () => {
  const contract = await Contract.of(demo().base_url);
  const seen = new Set<string>();
  // Asked for by type, as a call without filters acknowledges.
  const types = Object.keys(contract.document.components.schemas.FeedItem.discriminator.mapping).filter((type) => type !== 'event.withheld');
  for (const { slug } of demo().operators) {
    const operator = Api.of(demo(), 'operator', slug);
    for (let after = 0, more = true; more; ) {
      const page = await operator.ok<{ data: { type: string }[]; last_seq: number; head_seq: number }>('GET', `/events?after=${after}&limit=1000&type=${types}`);
      for (const event of page.data) {
        seen.add(event.type);
        expect(contract.named('FeedItem', event), JSON.stringify(event)).toEqual([]);
      }
      more = page.data.length > 0 && page.last_seq < page.head_seq;
      after = page.last_seq;
    }
  }
  expect([...seen].sort()).toEqual(expect.arrayContaining(['consent.granted', 'number.assigned']));
});
