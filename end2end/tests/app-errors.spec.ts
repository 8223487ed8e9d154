import { as, axe, expect, press, test } from '../helpers';
import { nesting } from '../helpers/nesting.mjs';

test('an address that does not exist says so and leads on', async ({ page }) => {
  const answer = await page.goto('/no-such-page');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This page is not here, or not yours to see');
  await expect(page.getByRole('main')).toContainText('/no-such-page');
  await axe(page);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
});

test('the skip link is the first stop of the keyboard and leads into the page', async ({ page }) => {
  await as(page, 'tenant/admin', 'harrow');
  for (const path of ['/no-such-page', '/account', '/t/harrow/numbers']) {
    await page.goto(path);
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to content' });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(page.locator('#main')).toBeFocused();
  }
});

test('every answer carries the security headers, and a page a policy of its own', async ({ page, request }) => {
  const answer = await page.goto('/sign-in');
  const headers = answer?.headers() ?? {};
  expect(headers['content-security-policy']).toMatch(/script-src 'nonce-[^']+' 'strict-dynamic' 'wasm-unsafe-eval'/);
  expect(headers['content-security-policy']).toContain("style-src 'self'");
  expect(headers['content-security-policy']).not.toContain('unsafe-inline');
  for (const path of ['/sign-in', '/no-such-page', '/livez', '/api/v1/me', '/favicon.svg']) {
    const each = (await request.get(path)).headers();
    expect(each['x-content-type-options'], path).toBe('nosniff');
    expect(each['referrer-policy'], path).toBe('same-origin');
    expect(each['content-security-policy'], path).toContain("frame-ancestors 'none'");
    expect(each['x-request-id'], path).toBeTruthy();
  }
});

test('a form that comes from another site is refused', async ({ page, request }) => {
  await as(page, 'tenant/admin', 'harrow');
  const action = await formAction(page);
  const sent = await page.request.post(action, {
    form: { language: 'de', back: '/account' },
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    maxRedirects: 0,
  });
  expect(sent.status()).toBe(403);
  expect(await sent.text()).toContain('<h1');
  expect((await request.get(action, { maxRedirects: 0 })).status(), 'forms are not read').toBe(405);
});

async function formAction(page: import('@playwright/test').Page): Promise<string> {
  await page.goto('/account');
  const action = await page.locator('form:has(button[name=language])').first().getAttribute('action');
  return action ?? '';
}

test('what is watched for in every test is found when it is there', async ({ page, trouble, js }) => {
  await page.goto('/sign-in');
  expect(trouble).toEqual([]);
  test.skip(!js, 'nothing can be planted where scripts are off');
  await page.evaluate(() => {
    const planted = document.createElement('p');
    planted.innerHTML = '<span style="color:red">x</span>';
    document.body.append(planted);
  });
  await expect.poll(() => trouble.join()).toContain('Content Security Policy');
  await page.evaluate(() => void setTimeout(() => { throw new Error('planted'); }));
  await expect.poll(() => trouble.join()).toContain('planted');
  trouble.length = 0;

  expect(nesting('<ul><p>x</p></ul>')).toHaveLength(1);
  expect(nesting('<p><div>x</div></p>')).toHaveLength(1);
  expect(nesting('<table><tr><td>x</td></tr></table>')).toHaveLength(2);
  expect(nesting('<a href="/"><button>x</button></a>')).toHaveLength(1);
  expect(nesting('<i id="a"></i><b id="a"></b>')).toHaveLength(1);
  expect(nesting('<p>x')).toHaveLength(1);
  expect(nesting('<form><div style="x"></div></form>')).toHaveLength(1);
  expect(nesting('<!DOCTYPE html><ul><li>x<!----></li></ul><svg><path d="M0 0"/></svg><title>a < b</title>')).toEqual([]);
});
