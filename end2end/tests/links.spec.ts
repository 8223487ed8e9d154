// Every link on every page leads somewhere. One of each shape per role: numbers and ids do not count, words and query keys do.
import { demo, expect, test } from '../helpers';
import { links, readPage, signInHttp } from '../helpers/http.mjs';
import { accountOf, pages } from '../helpers/pages.mjs';

const roles = [...new Set(pages().map((entry) => entry.role))];

/** `/t/harrow/numbers/+44…?after=x` is the same as any other page of that kind. */
function shape(href: string): string {
  const url = new URL(href, 'http://x');
  const path = url.pathname.replace(/\+\d+/g, '+').replace(/[0-9a-f]{8}-[0-9a-f-]{27}|evt_\w+|[\w-]{20,}/g, '#');
  return `${path}?${[...new Set(url.searchParams.keys())].sort().join('&')}`;
}

for (const role of roles) {
  test(`no link is dead for ${role || 'anybody'}`, async () => {
    const base = demo().base_url;
    const cookie = role ? await signInHttp(base, accountOf(demo(), role)) : '';
    const from = new Map<string, { href: string; on: string }>();
    for (const entry of pages().filter((one) => one.role === role)) {
      const { html } = await readPage(base, entry, cookie);
      for (const { href } of links(html)) if (href.startsWith('/') && !from.has(shape(href))) from.set(shape(href), { href, on: entry.name });
    }
    const dead: string[] = [];
    for (const { href, on } of from.values()) {
      const answer = await fetch(base + href, { headers: { accept: 'text/html,*/*;q=0.8', ...(cookie ? { cookie } : {}) } });
      await answer.arrayBuffer();
      if (answer.status >= 400) dead.push(`${answer.status} ${href} (on ${on})`);
    }
    expect(dead).toEqual([]);
    expect(from.size, 'there were links').toBeGreaterThan(0);
  });
}
