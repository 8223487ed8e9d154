import { account, axe, expect, openMenu, press, signIn, test, type Role } from '../helpers';

// Each project has an account of its own, since what is set here stays set.
const role = (js: boolean): Role => (js ? 'tenant/helpdesk_1' : 'tenant/helpdesk_2');

test.afterEach(async ({ page, js }) => {
  await page.context().clearCookies();
  await signIn(page, role(js), 'harrow');
  await page.goto('/account');
  await page.locator('select[name=language]').selectOption('en');
  await page.locator('input[name=theme][value=system]').check();
  await page.locator('form', { has: page.locator('select[name=language]') }).locator('button[type=submit]').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('the account turns German and dark, and stays so', async ({ page, js }) => {
  await signIn(page, role(js), 'harrow');
  await page.goto('/account');
  await page.getByLabel('Language').selectOption('de');
  await page.getByLabel('Dark').check();
  await press(page, 'Save your view');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ihr Konto');
  await expect(page.getByText('Gespeichert')).toBeVisible();
  await axe(page);

  // The message is shown once; the choice lasts, also in a new session.
  await page.reload();
  await expect(page.getByText('Gespeichert')).toHaveCount(0);
  await page.context().clearCookies();
  await signIn(page, role(js), 'harrow');
  await page.goto('/account');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});

test('language and colours change from the menu, and lead back to the page', async ({ page, js }) => {
  await signIn(page, role(js), 'harrow');
  await page.goto('/account?here=1');
  await openMenu(page, 'Account of');
  await press(page, 'Use dark colours');
  await expect(page).toHaveURL(/\/account\?here=1$/);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await openMenu(page, 'Account of');
  await press(page, 'Deutsch');
  await expect(page).toHaveURL(/\/account\?here=1$/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});

test('a new password that is refused says why at its field, and changes nothing', async ({ page, js }) => {
  await signIn(page, role(js), 'harrow');
  await page.goto('/account');
  await page.locator('input[name=old_password]').fill(account(role(js), 'harrow').password);
  await page.locator('input[name=new_password]').fill('short');
  await page.locator('input[name=new_password_again]').fill('short');
  await press(page, /^Change/);
  await expect(page.locator('input[name=new_password]')).toHaveAccessibleDescription(/at least 8/);
  await expect(page.locator('input[name=new_password]')).toHaveAttribute('aria-invalid', 'true');
  await axe(page);
});

test('another session can be ended from here', async ({ page, js, browser }) => {
  const elsewhere = await browser.newContext({ baseURL: process.env.CONCORD_URL, javaScriptEnabled: js, userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  const other = await elsewhere.newPage();
  await signIn(other, role(js), 'harrow');
  await signIn(page, role(js), 'harrow');
  await page.goto('/account');
  const row = page.getByRole('row', { name: /Firefox, Linux/ }).first();
  await expect(row).toBeVisible();
  const before = await page.getByRole('row', { name: /Firefox, Linux/ }).count();
  await press(page, /^End, Firefox/, row);
  await expect(page.getByRole('row', { name: /Firefox, Linux/ })).toHaveCount(before - 1);
  await other.goto('/account');
  await expect(other).toHaveURL(/\/sign-in/);
  await elsewhere.close();
});
