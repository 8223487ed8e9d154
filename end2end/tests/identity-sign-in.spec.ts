import { account, accountOfSeveral, axe, expect, follow, openMenu, press, signIn, signInAs, test } from '../helpers';

test('a wrong password is refused with words, and the address typed is kept', async ({ page }) => {
  const { email } = account('tenant/auditor', 'harrow');
  await page.goto('/sign-in');
  await page.getByLabel('Work e-mail').fill(email);
  await page.getByLabel('Password').fill('not the password');
  await press(page, 'Sign in');
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByText('E-mail and password do not fit')).toBeVisible();
  await expect(page.getByLabel('Work e-mail')).toHaveValue(email);
  await expect(page.getByLabel('Password')).toHaveValue('');
  await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/./);
  await axe(page);
});

test('who does not exist is told the same as who has a wrong password', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByLabel('Work e-mail').fill('nobody@harrow.example');
  await page.getByLabel('Password').fill('not the password');
  await press(page, 'Sign in');
  await expect(page.getByText('E-mail and password do not fit')).toBeVisible();
});

test('signing in leads to the portal, signing out ends the session', async ({ page, context }) => {
  await signIn(page, 'tenant/admin', 'harrow');
  await expect(page).toHaveURL(/\/t\/harrow\//);
  const cookies = await context.cookies();
  expect(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === 'Lax'), 'session cookie').toBe(true);

  await page.goto('/account');
  await openMenu(page, 'Account of');
  await press(page, 'Sign out');
  await expect(page).toHaveURL(/\/sign-in/);

  // The cookie of the ended session opens nothing any more.
  await context.addCookies(cookies);
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a page that needs a session leads to it after signing in', async ({ page }) => {
  const { email, password } = account('tenant/admin', 'harrow');
  await page.goto('/account?from=mail');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await page.getByLabel('Work e-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await press(page, 'Sign in');
  await expect(page).toHaveURL(/\/account\?from=mail$/);
});

test('signing in never leads to another site', async ({ page }) => {
  const { email, password } = account('tenant/admin', 'harrow');
  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example']) {
    await page.context().clearCookies();
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Work e-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
    expect(new URL(page.url()).hostname, next).toBe('127.0.0.1');
  }
});

test('the sign-in page speaks German at a click, and again English', async ({ page }) => {
  await page.goto('/sign-in');
  await press(page, 'Deutsch');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bei Concord anmelden');
  await press(page, 'English');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to Concord');
});

test('somebody of several organisations goes from one to another', async ({ page }) => {
  await signInAs(page, accountOfSeveral('norvik', 'harrow'));
  await openMenu(page, 'Organisation:');
  await follow(page, /^Harrow/);
  await expect(page).toHaveURL(/\/t\/harrow\//);
});

test('what one’s role does not allow and what is another’s is told without a leak', async ({ page }) => {
  await signIn(page, 'tenant/auditor', 'harrow');
  const missing = await page.goto('/t/no-such-tenant/clients');
  expect(missing?.status()).toBe(404);
  const words = await page.getByRole('heading', { level: 1 }).textContent();
  const foreign = await page.goto('/o/albion/clients');
  expect(foreign?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(words ?? '');
  const denied = await page.goto('/t/harrow/clients');
  expect(denied?.status()).toBe(403);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your role does not allow this');
});
