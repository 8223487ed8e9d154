// Screenshots of every page of pages.json, at 1440 and 390 px, in light and dark, with an index page: target/shots/index.html.
// --first takes only the first role of each page, --only=NAME,NAME only these pages.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { launchOptions } from './helpers/browser.mjs';
import { accountOf, openPage, pages as listed, signInPage } from './helpers/pages.mjs';
import { startDemo } from './helpers/server.mjs';

const { values: flags } = parseArgs({ options: { first: { type: 'boolean' }, only: { type: 'string' } } });
const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, process.env.CONCORD_SHOTS ?? '../target/shots');
const looks = [1440, 390].flatMap((width) => ['light', 'dark'].map((scheme) => ({ width, scheme })));
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A browser context signed in as the role, by the form. */
async function contextOf(browser, server, role) {
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
  context.setDefaultTimeout(20_000);
  if (!role) return context;
  const page = await context.newPage();
  await signInPage(page, accountOf(server.demo, role));
  await page.close();
  return context;
}

/** One page in all looks. Gives the rows of the index, or throws. */
async function shoot(context, entry) {
  const page = await context.newPage();
  try {
    const answer = await openPage(page, entry);
    const files = [];
    for (const { width, scheme } of looks) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
      await page.evaluate(() => document.fonts.ready);
      const file = `${entry.name}-${entry.role.replace(/\W+/g, '-') || 'nobody'}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(target, file), fullPage: true });
      files.push(file);
    }
    return { ...entry, url: new URL(page.url()).pathname, status: answer?.status(), files };
  } finally {
    await page.close();
  }
}

function index(rows) {
  const row = (r) =>
    `<section><h2>${escape(r.name)} <small>${escape(r.role || 'nobody')} · ${escape(r.url)} · ${r.status ?? ''}</small></h2>` +
    (r.error ? `<pre>${escape(r.error)}</pre>` : `<div>${r.files.map((f) => `<a href="${f}"><img src="${f}" alt="${f}" loading="lazy"></a>`).join('')}</div>`) +
    `</section>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Concord: every page</title><style>
body{font:15px/1.4 system-ui;margin:2rem;background:#888;color:#fff}h2{font-size:1rem}small{font-weight:400}
div{display:flex;gap:1rem;align-items:start;overflow:auto}img{width:340px;display:block}pre{white-space:pre-wrap}
</style><h1>Every page</h1>${rows.map(row).join('\n')}`;
}

const names = flags.only?.split(',');
const pages = listed().filter((p, i, all) => (!flags.first || all.findIndex((one) => one.name === p.name) === i) && (!names || names.includes(p.name)));
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const server = await startDemo();
const browser = await chromium.launch(launchOptions);
const rows = [];
try {
  for (const role of new Set(pages.map((p) => p.role))) {
    const context = await contextOf(browser, server, role).catch((error) => ({ error }));
    for (const entry of pages.filter((p) => p.role === role)) {
      const failed = (error) => ({ ...entry, url: entry.path, error: String(error) });
      rows.push(context.error ? failed(context.error) : await shoot(context, entry).catch(failed));
      console.log(`${rows.at(-1).error ? 'FAILED' : 'ok'} ${role || 'nobody'} ${entry.name}`);
    }
    await context.close?.();
  }
} finally {
  await browser.close();
  await server.stop();
}
writeFileSync(join(target, 'index.html'), index(rows));
const failed = rows.filter((r) => r.error);
console.log(`${rows.length - failed.length} pages, ${failed.length} failed: ${join(target, 'index.html')}`);
process.exitCode = failed.length ? 1 : 0;
