// The list of pages (pages.json) and how one gets there; for the specs, the screenshots and the benches.
// An entry is {role, path, name}: role as `tenant/admin@org-slug`, empty for nobody, or several in a list; `{slug}` in the path is that role's organisation; `open` (one CSS selector
// or a list of them, each on the page before) says which link to follow for a page whose address is known only at run time;
// `status` is what the answer has, when it is not 200.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{role: string, path: string, name: string, status?: number, open?: string | string[]}} Entry
 */

/**
 * Every page, one entry per role.
 * @returns {Entry[]}
 */
export function pages() {
  const list = JSON.parse(readFileSync(fileURLToPath(new URL('../pages.json', import.meta.url)), 'utf8'));
  return list.flatMap((entry) => [entry.role].flat().map((role) => ({ ...entry, role, path: entry.path.replace('{slug}', role.split('@')[1] ?? '') })));
}

/** The account of `tenant/admin@org-slug`. */
export function accountOf(demo, role) {
  const [name, slug] = role.split('@');
  const account = demo.accounts.find((a) => `${a.org_kind}/${a.role}` === name && (!slug || a.org_slug === slug));
  if (!account) throw new Error(`demo.json has no account for ${role}`);
  return account;
}

/** Signs in through the form, as a person does. */
export async function signInPage(page, { email, password }) {
  await page.goto('/sign-in');
  await page.getByLabel(/e-mail/i).fill(email);
  await page.getByLabel(/^password$/i).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/** Goes to the page of an entry; gives the last answer. */
export async function openPage(page, entry) {
  let answer = await page.goto(entry.path);
  for (const selector of [entry.open ?? []].flat()) {
    const link = page.locator(selector).first();
    if ((await link.count()) === 0) throw new Error(`${entry.name}: nothing fits ${selector} on ${new URL(page.url()).pathname}`);
    answer = await page.goto(await link.getAttribute('href'));
  }
  return answer;
}
