// Which browser to start and how. The system's own comes first, so that nothing has to be downloaded.
import { existsSync } from 'node:fs';

const candidates = [
  process.env.CONCORD_BROWSER,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Launch options of Playwright: without a system browser it takes its own. */
export const launchOptions = {
  executablePath: candidates.find((path) => path && existsSync(path)),
  // No sandbox, since a container often has none to give and tests run as root there; no calls home.
  args: [
    '--no-sandbox',
    '--headless',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
};
