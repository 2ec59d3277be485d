// Debian's Chromium, driven by playwright-core.

import {chromium} from 'playwright-core';

// For one step; machines that run tests are busy.
const kPatienceMs = 60_000;

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage'],
});

// A page of its own profile. `page.foreign` are the requests that it sent to
// another origin than `url`, `page.complaints` what the console had to say of
// scripts and policies.
export async function open(browser, url, {path = '/', token, ...options} = {}) {
  const context = await browser.newContext({
    viewport: {width: 1280, height: 900}, ignoreHTTPSErrors: true, ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(kPatienceMs);
  page.foreign = [];
  page.complaints = [];
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) page.foreign.push(request.url());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) {
      page.complaints.push(text);
    }
  });
  if (token !== undefined) {
    await page.goto(url + '/favicon.svg');
    await page.evaluate((text) => sessionStorage.setItem('sse-bridge-token', text), token);
  }
  await page.goto(url + path);
  return page;
}
