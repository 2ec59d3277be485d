// The live dashboard while a backend or the bridge is away, and afterwards.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {cleanUp, eventually, fullToken, post, startBackends, startBridge} from './support/programs.js';
import {Site} from './support/site.js';

let browser;
let backends;
let bridge;

before(async () => {
  backends = await startBackends();
  bridge = await startBridge(backends.address);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

// A dashboard whose clock the test can move on.
async function dashboardWithClock(url, user) {
  const page = await open(browser, url, {path: '/favicon.svg', token: fullToken(user)});
  await page.clock.install();
  await page.goto(url);
  await page.waitForSelector(`#members :text("${user} (you)")`);
  return page;
}

const dashboard = (user) => open(browser, bridge.url, {token: fullToken(user)});

async function done(page) {
  assert.deepEqual(page.foreign, [], 'requests to another origin');
  // The browser reports the lost connections itself.
  assert.deepEqual(page.complaints.filter((text) => !text.includes('net::ERR_')), []);
  await page.context().close();
}

test('a backend stops: every panel says so, and continues when it is back', async () => {
  const page = await dashboard('otto');
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
  await page.waitForSelector('#charts canvas');
  await page.waitForSelector('#members :text("otto (you)")');
  const before = await page.textContent('#metrics-time');
  await backends.kill();
  for (const panel of ['metrics', 'prices', 'channel', 'notifications']) {
    await page.waitForSelector(`#${panel}.stale .stale-mark:text-matches("backend away since \\\\d+:\\\\d+:\\\\d+")`);
  }
  await page.waitForSelector('.connection .state:text("backend away")');
  await page.waitForSelector('.connection .outage:text-matches("^Backend away since")');
  // The values stay, and look different.
  assert.notEqual(await page.textContent('[data-figure=memory_usage]'), '–');
  assert.match(await page.evaluate(() =>
    getComputedStyle(document.querySelector('#metrics [data-content]')).filter), /grayscale/);

  backends = await startBackends({listen: backends.address});
  await page.waitForSelector('.connection .state:text("live")');
  for (const panel of ['metrics', 'prices', 'channel', 'notifications']) {
    await page.waitForSelector(`#${panel}:not(.stale)`);
  }
  await eventually('new metrics', async () => (await page.textContent('#metrics-time')) !== before);
  await post(bridge.url, '/channels/general/messages', fullToken('writer'), {content: 'back again'});
  await page.locator('.said', {hasText: 'back again'}).waitFor();
  await done(page);
});

test('charts and sparklines break where samples are missing', async () => {
  const page = await dashboard('gabi');
  const {times, values} = await page.evaluate(async () => {
    const {withGaps} = await import('/assets/chart.js');
    const [times, values] = withGaps([1, 2, 3, 60, 61], [[5, 6, 7, 8, 9]]);
    return {times, values};
  });
  assert.deepEqual(times, [1, 2, 3, 4, 60, 61]);
  assert.deepEqual(values, [5, 6, 7, null, 8, 9]);

  await page.waitForSelector('.chart[data-gaps="0"]');
  const row = page.locator('[data-symbol=AAPL]');
  await eventually('a line', async () => /^M[^M]*L/.test(await row.locator('path').getAttribute('d')));
  await backends.kill();
  await page.waitForSelector('#metrics.stale');
  // Long enough that samples are missing.
  await page.waitForTimeout(4000);
  backends = await startBackends({listen: backends.address});
  await page.waitForSelector('.chart[data-gaps="1"]');
  await eventually('a second line', async () => (await row.locator('path').getAttribute('d')).match(/M/g).length === 2);
  await done(page);
});

test('a page that opens while the backend is away says so, and fills when it is back', async () => {
  await backends.kill();
  const page = await dashboard('iris');
  await page.waitForSelector('#channel.stale');
  await page.waitForSelector('.connection .outage:not([hidden])');
  await page.waitForSelector('#metrics-none');
  backends = await startBackends({listen: backends.address});
  await page.waitForSelector('#members :text("iris (you)")');
  await page.waitForSelector('#charts canvas');
  await page.waitForSelector('.connection .state:text("live")');
  await done(page);
});

test('the bridge is killed and comes back: state, reconnects, and nothing is lost', async () => {
  const listen = new URL(bridge.url).host;
  const page = await dashboard('dora');
  await page.waitForSelector('#members :text("dora (you)")');
  await page.fill('#notification-title', 'first');
  await page.click('#notify button');
  await page.locator('#notification-list li', {hasText: 'first'}).waitFor();
  await page.waitForSelector('.connection .id:text("notification=")');
  await bridge.kill();
  await page.waitForSelector('.connection .state:text("reconnecting")');
  await page.waitForSelector('#channel .stale-mark:text("no connection since")');
  bridge = await startBridge(backends.address, {listen});
  await post(bridge.url, '/notifications', fullToken('writer'), {user_id: 'dora', title: 'meanwhile'});
  await post(bridge.url, '/channels/general/messages', fullToken('writer'), {content: 'while you were out'});
  await page.waitForSelector('.connection .state:text("live")');
  await page.locator('#notification-list li', {hasText: 'meanwhile'}).waitFor();
  await page.locator('.said', {hasText: 'while you were out'}).waitFor();
  await page.waitForSelector('#channel:not(.stale)');
  assert.notEqual(await page.locator('.connection b').nth(1).textContent(), '0');
  assert.equal(await page.locator('#notification-list li', {hasText: 'first'}).count(), 1);
  await done(page);
});

test('a connection that falls silent is given up for another', async () => {
  const site = await Site.start({bridge: () => bridge.url, token: () => ''});
  const page = await dashboardWithClock(site.url, 'silvia');
  site.silence();
  await page.clock.fastForward(95_000);
  await page.waitForSelector('.connection .state:text-matches("reconnecting|connecting")');
  site.wake();
  await page.clock.fastForward(10_000);
  await page.waitForSelector('.connection .state:text("live")');
  await page.waitForSelector('#channel:not(.stale)');
  await done(page);
  site.stop();
});

test('a window that nobody sees gives up its connection, and opens it again when it is seen', async () => {
  const page = await dashboardWithClock(bridge.url, 'heidi');
  const hide = (value) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
  }, value);
  await hide(true);
  await page.clock.fastForward(61_000);
  await page.waitForSelector('.connection .state:text("closed")');
  await post(bridge.url, '/channels/general/messages', fullToken('writer'), {content: 'unseen so far'});
  await hide(false);
  await page.waitForSelector('.connection .state:text("live")');
  await page.locator('.said', {hasText: 'unseen so far'}).waitFor();
  await done(page);
});
