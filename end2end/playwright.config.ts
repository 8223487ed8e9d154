import { defineConfig } from '@playwright/test';
import { launchOptions } from './helpers/browser.mjs';

const ci = Boolean(process.env.CI);
// The walk over all pages: once is enough, and first, while the demo is as it was seeded.
const walks = /(pages|links)\.spec/;

// Pages that move from one to the next are drawn twice, and take no click meanwhile. The walk sees them move.
const still = { reducedMotion: 'reduce' } as const;

export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  globalSetup: './helpers/global-setup.mjs',
  // One server and one browser share the machine with the tests.
  workers: process.env.CONCORD_WORKERS ? Number(process.env.CONCORD_WORKERS) : 2,
  fullyParallel: false,
  forbidOnly: ci,
  // A test that passes at the second try is a defect to look at, not a pass.
  retries: 0,
  timeout: 60_000,
  globalTimeout: 44 * 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: './test-results/report.json' }]],
  use: {
    browserName: 'chromium',
    launchOptions,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    // Recording every step takes a good part of two cores: only for who asks.
    trace: process.env.CONCORD_TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'walk', testMatch: walks, use: { javaScriptEnabled: true } },
    { name: 'js', use: { javaScriptEnabled: true, contextOptions: still }, testIgnore: [/\.api\.spec/, walks] },
    // Every journey also works without scripts; what only exists with them is in *.hydrate.spec.ts.
    { name: 'nojs', use: { javaScriptEnabled: false, contextOptions: still }, testIgnore: [/\.hydrate\.spec/, /\.api\.spec/, walks] },
    // What needs no browser: the machine API, messages, a database that is away.
    { name: 'api', testMatch: /\.api\.spec/ },
  ],
});
