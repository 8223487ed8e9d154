// Every page of pages.json: sound HTML, title and heading, no barrier in light and dark, narrow and wide, nothing that runs out of
// a narrow window. The first role of an entry opens it in a browser. For the others, whose page is made of the same parts, its text
// is enough, unless it holds a part that the first one's has not: then they open it as well.
import { as, axe, expect, test, demo, type Role } from '../helpers';
import { readPage, signInHttp } from '../helpers/http.mjs';
import { nesting } from '../helpers/nesting.mjs';
import { accountOf, openPage, pages, type Entry } from '../helpers/pages.mjs';
import type { Page } from '@playwright/test';

test.describe.configure({ mode: 'parallel' });

const cookies = new Map<string, Promise<string>>();
function cookieOf(role: string): Promise<string> {
  if (!cookies.has(role)) cookies.set(role, role ? signInHttp(demo().base_url, accountOf(demo(), role)) : Promise.resolve(''));
  return cookies.get(role) as Promise<string>;
}

/** What a page looks like: each tag with its classes and what styles select by, once. */
function parts(html: string): Set<string> {
  const found = new Set<string>();
  for (const [tag, name] of html.matchAll(/<([a-z][\w-]*)\b[^>]*>/g)) {
    const styled = tag.match(/\s(?:class|type|role|data-(?!id|hk|component)[\w-]+|aria-(?:current|invalid|disabled|expanded))(?:="[^"]*")?/g) ?? [];
    found.add(`${name}${styled.join('')}`);
  }
  return found;
}

/** What holds in the text of any page, whoever reads it. */
function sound(html: string): void {
  expect(nesting(html), 'HTML as the server wrote it').toEqual([]);
  expect(html.match(/<h1\b/g) ?? [], 'one heading of the page').toHaveLength(1);
  expect(html).toMatch(/<title>\S[^<]* · Concord<\/title>/);
  expect(html).toMatch(/<html\b[^>]* lang="(en|de)"/);
}

async function open(page: Page, entry: Entry): Promise<string> {
  await page.context().clearCookies();
  const [role, slug] = entry.role.split('@');
  if (role) await as(page, role as Role, slug);
  const answer = await openPage(page, entry);
  expect(answer?.status()).toBe(entry.status ?? 200);
  const html = (await answer?.text()) ?? '';
  sound(html);
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
  // Light and dark at 320 and 1440 px, and nothing that scrolls the page sideways.
  await axe(page);
  return html;
}

for (const name of new Set(pages().map((entry) => entry.name))) {
  const [first, ...others] = pages().filter((entry) => entry.name === name);
  test(`${name} for ${first.role || 'anybody'}${others.length ? ` and ${others.length} more` : ''}`, async ({ page }) => {
    const known = parts(await open(page, first));
    for (const entry of others) {
      await test.step(entry.role, async () => {
        const { status, html } = await readPage(demo().base_url, entry, await cookieOf(entry.role));
        expect(status).toBe(entry.status ?? 200);
        sound(html);
        const more = [...parts(html)].filter((part) => !known.has(part));
        if (more.length === 0) return;
        test.info().annotations.push({ type: entry.role, description: more.join(' ') });
        for (const part of parts(await open(page, entry))) known.add(part);
      });
    }
  });
}
