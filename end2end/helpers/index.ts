// What every spec starts from: `import { test, expect, demo, signIn, axe } from '../helpers'`.
import { test as base, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import axeCore from 'axe-core';
import { signInPage } from './pages.mjs';
import { readDemo } from './server.mjs';

export { expect };

export type OrgKind = 'tenant' | 'operator' | 'platform';
/** Whose eyes: kind of organisation and role in it, for example `tenant/admin`. */
export type Role = `${OrgKind}/${string}`;

export interface Demo {
  base_url: string;
  accounts: { email: string; password: string; totp_secret: string | null; org_kind: OrgKind; org_id: string; org_slug: string; role: string }[];
  api_clients: { client_id: string; client_secret: string; org_kind: OrgKind; org_id: string; scopes: string[] }[];
  operators: { id: string; slug: string; name: string; time_zone: string }[];
  tenants: { id: string; slug: string; name: string; country: string; time_zone: string; sip_domain: string }[];
}

let cached: Demo | undefined;
/** What the demo server of this run holds: accounts, API clients, operators and tenants. */
export function demo(): Demo {
  cached ??= readDemo() as Demo;
  return cached;
}

/** The account with this role, of the organisation with this slug when one is named. */
export function account(role: Role, orgSlug?: string): Demo['accounts'][number] {
  const found = demo().accounts.find((a) => `${a.org_kind}/${a.role}` === role && (!orgSlug || a.org_slug === orgSlug));
  if (!found) {
    const all = demo().accounts.map((a) => `${a.org_kind}/${a.role} of ${a.org_slug}`);
    throw new Error(`demo.json has no ${role}${orgSlug ? ` of ${orgSlug}` : ''}, only ${all.join(', ')}`);
  }
  return found;
}

/** The account that belongs to all of these organisations. */
export function accountOfSeveral(...orgSlugs: string[]): Demo['accounts'][number] {
  const { accounts } = demo();
  const found = accounts.find((a) => orgSlugs.every((slug) => accounts.some((b) => b.email === a.email && b.org_slug === slug)));
  if (!found) throw new Error(`demo.json has no account of all of ${orgSlugs.join(', ')}`);
  return found;
}

/** The browser says so when it leaves out the animation between two pages, as the second was shown already. */
const LEFT_OUT = /^Transition was aborted because of invalid state/;

/**
 * What is wrong with a page without anybody asserting it: a breach of the content policy, an exception in a script, a 500.
 * Notes it all in `trouble` as it happens.
 */
function watch(page: Page, trouble: string[]): void {
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !/^Failed to load resource/.test(text)) trouble.push(`console: ${text}`);
    else if (/Content Security Policy|hydrat/i.test(text)) trouble.push(`console: ${text}`);
  });
  page.on('pageerror', (error) => LEFT_OUT.test(error.message) || trouble.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() === 500) trouble.push(`500: ${response.request().method()} ${response.url()}`);
  });
}

export const test = base.extend<{ js: boolean; trouble: string[] }>({
  /** Whether scripts run in this project. */
  js: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),
  baseURL: async ({}, use) => use(process.env.CONCORD_URL),
  /** What went wrong unasked in any page of the test; it fails unless this is empty at the end. */
  trouble: async ({}, use) => {
    const trouble: string[] = [];
    await use(trouble);
    expect(trouble, 'unasked trouble').toEqual([]);
  },
  context: async ({ context, trouble, js }, use) => {
    context.on('page', (page) => watch(page, trouble));
    if (js) {
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) =>
          console.error(`Content Security Policy: ${event.effectiveDirective} forbids ${event.blockedURI} (${event.sourceFile ?? ''}:${event.lineNumber})`),
        );
      });
    }
    await use(context);
  },
  // With scripts, a page counts as loaded once its islands are alive; a click before that could be lost.
  page: async ({ page, js }, use) => {
    if (js) {
      const goto = page.goto.bind(page);
      page.goto = async (url, options) => {
        const answer = await goto(url, options);
        await ready(page);
        return answer;
      };
      const reload = page.reload.bind(page);
      page.reload = async (options) => {
        const answer = await reload(options);
        await ready(page);
        return answer;
      };
    }
    await use(page);
  },
});

/** Waits until the islands of the page are alive. Only for projects with scripts. */
export async function ready(page: Page): Promise<void> {
  await page.locator('html[data-ready]').waitFor({ state: 'attached' });
}

/** Signs in through the form, as a person does. */
export async function signIn(page: Page, role: Role, orgSlug?: string): Promise<void> {
  await signInPage(page, account(role, orgSlug));
}

/** Signs in through the form as this account. */
export async function signInAs(page: Page, who: Demo['accounts'][number]): Promise<void> {
  await signInPage(page, who);
}

const sessions = new Map<string, Parameters<BrowserContext['addCookies']>[0]>();

/**
 * The page is that of somebody who has signed in before. The session is shared by the tests of one process, so a test that ends
 * sessions or changes the account signs in for itself.
 */
export async function as(page: Page, role: Role, orgSlug?: string): Promise<void> {
  const who = account(role, orgSlug);
  const held = sessions.get(who.email);
  // Signing in on top of somebody's session ends that one, which another test may hold.
  await page.context().clearCookies();
  if (held) {
    await page.context().addCookies(held);
    return;
  }
  await signInPage(page, who);
  sessions.set(who.email, await page.context().cookies());
}

/** Sends the page's form with this button in it, and waits for the page it leads to. */
export async function press(page: Page, name: string | RegExp, within: Page | ReturnType<Page['locator']> = page): Promise<void> {
  const button = within.getByRole('button', { name, exact: typeof name === 'string' });
  await Promise.all([page.waitForEvent('load'), button.click()]);
  if (base.info().project.use.javaScriptEnabled !== false) await ready(page);
}

/** Follows a link, and waits for its page. */
export async function follow(page: Page, name: string | RegExp, within: Page | ReturnType<Page['locator']> = page): Promise<void> {
  const link = within.getByRole('link', { name, exact: typeof name === 'string' });
  await Promise.all([page.waitForEvent('load'), link.first().click()]);
  if (base.info().project.use.javaScriptEnabled !== false) await ready(page);
}

/** Opens a menu of the top bar by what its button is called. */
export async function openMenu(page: Page, name: string): Promise<void> {
  await page.locator('summary', { hasText: name }).click();
}

/** What the last action did, as told on the page after it. */
export function toast(page: Page): ReturnType<Page['locator']> {
  return page.locator('.toasts');
}

/** The value beside a word in a list of facts. */
export function fact(page: Page, word: string | RegExp): ReturnType<Page['locator']> {
  return page.locator('dl.kv > dt').filter({ hasText: word }).first().locator('xpath=following-sibling::dd[1]');
}

/** Loads the page again and again until `seen` no longer throws; 25 s at most. */
export async function reloadUntil(page: Page, seen: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await page.reload();
    await seen();
  }).toPass({ timeout: 25_000, intervals: [200, 500, 1_000] });
}

/**
 * No violation of any axe rule, in light and dark, at 320 and 1440 px (without scripts: light at 320), and nothing that scrolls the
 * page sideways.
 * The page is loaded once and its look changed. Puts the page back to light and the width it had.
 */
export async function axe(page: Page): Promise<void> {
  if (base.info().project.use.javaScriptEnabled === false) {
    // The same document under the same style sheet: what colours and room do to it has been seen with scripts.
    await inScriptableCopy(page, (copy) => everyLook(copy, [320], ['light']));
    return;
  }
  const before = page.viewportSize();
  await everyLook(page);
  await page.emulateMedia({ colorScheme: null, reducedMotion: base.info().project.use.contextOptions?.reducedMotion ?? null });
  if (before) await page.setViewportSize(before);
}

// The style sheet changes colours alone between light and dark, so at one width all other rules say the same in both.
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

async function everyLook(page: Page, widths = [320, 1440], schemes: ('light' | 'dark')[] = ['light', 'dark']): Promise<void> {
  const wrong: string[] = [];
  // From outside, so that the page's own policy has no say.
  await page.evaluate(axeCore.source);
  for (const width of widths) {
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      const only = colorScheme === 'dark' ? COLOUR_RULES : undefined;
      const violations = await page.evaluate(async (rules) => {
        const { axe } = globalThis as unknown as { axe: typeof axeCore };
        const found = await axe.run(document, { resultTypes: ['violations'], ...(rules ? { runOnly: { type: 'rule' as const, values: rules } } : {}) });
        return found.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) }));
      }, only);
      for (const { id, help, nodes } of violations) {
        const where = nodes.slice(0, 5).map((node) => `    ${node.target.join(' ')}\n      ${node.failureSummary?.replaceAll('\n', '\n      ')}`);
        wrong.push(`${colorScheme}, ${width} px: ${id} (${help}), ${nodes.length} places\n${where.join('\n')}`);
      }
    }
    wrong.push(...(await sideways(page)));
  }
  expect(wrong, `axe on ${page.url()}:\n${wrong.join('\n')}`).toEqual([]);
}

/** What makes the page wider than its window: the boxes beyond the edge that no box around them scrolls or cuts off. */
function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.scrollingElement ?? document.documentElement;
    if (root.scrollWidth <= innerWidth) return [];
    const held = (element: Element): boolean => {
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) if (getComputedStyle(up).overflowX !== 'visible') return true;
      return false;
    };
    const name = (element: Element): string => `${element.tagName.toLowerCase()}${[...element.classList].map((one) => `.${one}`).join('')}`;
    const out = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !held(one));
    const path = (element: Element): string => [element.parentElement?.parentElement, element.parentElement, element].filter((one) => one != null).map(name).join(' > ');
    return [`${root.scrollWidth} px wide in a window of ${innerWidth} px: ${out.slice(0, 8).map((one) => `${path(one)} to ${Math.round(one.getBoundingClientRect().right)}`).join('; ')}`];
  });
}

const copies = new WeakMap<Browser, Promise<Page>>();

/**
 * Axe needs timers, which stand still where scripts are off. So it looks at a copy of the document as it stands there, at the
 * same address, in a page whose own scripts a policy holds back. There is one such page a browser, which has the styles at hand.
 */
async function inScriptableCopy(page: Page, look: (copy: Page) => Promise<void>): Promise<void> {
  const browser = page.context().browser();
  if (!browser) throw new Error('no browser');
  const made = copies.get(browser) ?? browser.newPage({ javaScriptEnabled: true });
  copies.set(browser, made);
  const copy = await made;
  const body = (await page.content()).replaceAll(/<\/?noscript>/g, '');
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "script-src 'none'" };
  // The address may differ from the last one's by its fragment alone, which loads nothing and which no route sees.
  await copy.goto('about:blank');
  // Once: what the document loads comes from the server.
  await copy.route(page.url().split('#')[0], (route) => route.fulfill({ body, headers }), { times: 1 });
  const answer = await copy.goto(page.url());
  expect((await answer?.text()) === body, 'it is the copy that is looked at').toBe(true);
  await look(copy);
}
