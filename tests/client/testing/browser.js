// Debian's Chromium, driven by playwright-core.
import { createRequire } from 'node:module';
import path from 'node:path';

import { root } from './processes.js';

const { chromium } = createRequire(path.join(root, 'tests/client/apps/package.json'))('playwright-core');

// For one step; machines that run tests are busy.
const PATIENCE_MS = 60000;

/** A page of a browser of its own; `complaints` is what the console reports. */
export async function openPage(t, url) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--disable-dev-shm-usage',
    ],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}
