// The live dashboard as a person uses it.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, post, startBackends, startBridge, startForeignBackend, token,
} from './support/programs.js';

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

const dashboard = (user, options = {}) =>
  open(browser, bridge.url, {token: user === null ? undefined : fullToken(user), ...options});

async function done(page) {
  assert.deepEqual(page.foreign, [], 'requests to another origin');
  assert.deepEqual(page.complaints, [], 'complaints of scripts and policies');
  await page.context().close();
}

test('without a token prices are live, and each panel says what it lacks', async () => {
  const page = await dashboard(null);
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
  for (const panel of ['metrics', 'channel', 'notifications', 'task']) {
    assert.equal(await page.textContent(`#${panel} [data-notice]`), 'Needs a token.');
    assert.equal(await page.isVisible(`#${panel} [data-content]`), false);
  }
  await done(page);
});

test('a token is typed in, used, kept in this tab only, and forgotten', async () => {
  const page = await dashboard(null);
  await page.click('#token-button');
  await page.keyboard.type(fullToken('alice'));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#token-button:text("alice")');
  await page.waitForSelector('#metrics dd:not(:text("–"))');
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  await page.reload();
  await page.waitForSelector('#token-button:text("alice")');
  await page.click('#token-button');
  await page.click('button:text("Remove token")');
  await page.waitForSelector('#token-button:text("Set token")');
  await page.waitForSelector('#metrics [data-notice]:text("Needs a token.")');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await done(page);
});

test('a token without the role or scope opens the rest', async () => {
  const page = await open(browser, bridge.url, {token: token('carol')});
  await page.waitForSelector('#metrics [data-notice]:text("Needs the role admin.")');
  await page.waitForSelector('#notifications [data-notice]:text("Needs the scope notifications:read.")');
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
  await page.waitForSelector('#members :text("carol (you)")');
  await done(page);
});

test('prices: a published one appears with its sparkline; symbols come and go', async () => {
  const page = await dashboard('alice');
  await page.fill('#symbol', 'zzz9');
  await page.click('#add-symbol button');
  await page.waitForSelector('[data-symbol=ZZZ9].waiting');
  const row = page.locator('[data-symbol=ZZZ9]');
  await eventually('the published price', async () => {
    await post(bridge.url, '/prices', fullToken('writer'), {symbol: 'ZZZ9', price: 1234.5});
    return (await row.locator('.price').textContent()).replace(/[^0-9]/g, '') === '123450';
  });
  await post(bridge.url, '/prices', fullToken('writer'), {symbol: 'ZZZ9', price: 1230.25});
  await row.locator('.change:text("▼ 4.25")').waitFor();
  assert.match(await row.locator('path').last().getAttribute('d'), /^M.*L/);
  await row.getByRole('button', {name: 'Stop following ZZZ9'}).click();
  await eventually('the row to go', async () => (await row.count()) === 0);
  await done(page);
});

test('notifications: unread, new, mark as read; what is read stays read', async () => {
  await post(bridge.url, '/notifications', fullToken('writer'), {user_id: 'nora', title: 'before'});
  const page = await dashboard('nora');
  const item = (title) => page.locator('#notification-list li', {hasText: title});
  await item('before').locator('.badge:text("unread")').waitFor();
  await page.fill('#notification-title', 'to myself');
  await page.click('#notify button');
  await item('to myself').locator('.badge:text("new")').waitFor();
  await page.waitForSelector('#unread-count:text("2 unread")');
  await page.getByRole('button', {name: 'Mark "before" as read'}).click();
  await page.waitForSelector('#unread-count:text("1 unread")');
  await page.reload();
  await item('to myself').locator('.badge:text("unread")').waitFor();
  assert.equal(await item('before').count(), 0);
  await done(page);
});

test('a channel: presence, typing and messages of two people', async () => {
  const alice = await dashboard('alice');
  await alice.waitForSelector('#members :text("alice (you)")');
  const bob = await dashboard('bob');
  await alice.waitForSelector('#members :text("bob")');
  await bob.waitForSelector('#members :text("alice")');
  await bob.focus('#message');
  await bob.keyboard.type('hello <b>there</b>');
  await alice.waitForSelector('#typing:text("bob is typing")');
  await bob.keyboard.press('Enter');
  await alice.locator('.said', {hasText: 'hello <b>there</b>'}).waitFor();
  await bob.locator('.said.mine', {hasText: 'hello <b>there</b>'}).waitFor();
  await eventually('typing to end', async () => (await alice.textContent('#typing')) === '');
  await done(bob);
  await alice.locator('.happened', {hasText: 'bob left'}).waitFor();
  await alice.reload();
  assert.equal(await alice.locator('.said', {hasText: 'hello'}).count() <= 1, true);
  await alice.locator('.said', {hasText: 'hello <b>there</b>'}).waitFor();

  await alice.fill('#channel-name', 'private-club');
  await alice.click('#join button');
  await alice.waitForSelector('#channel-error:text("cannot join channel")');
  await done(alice);
});

test('a task: started, watched to its end, and not again after it', async () => {
  const page = await dashboard('alice');
  await page.fill('#task-name', 'browser-task');
  await page.click('#task-form button:text("Start")');
  await page.waitForSelector('#task-status:text("running")');
  await page.waitForSelector('#task-status:text("completed")');
  await page.waitForSelector('#task-state:text("ended")');
  assert.equal(await page.getAttribute('#task-progress', 'class'), 'completed');
  assert.equal(await page.evaluate(() => document.getElementById('task-progress').value), 1);
  await page.fill('#task-name', 'no-such-task');
  await page.click('#watch-task');
  await page.waitForSelector('#task-error:text("no-such-task")');
  await done(page);
});

test('metrics: figures and charts', async () => {
  const page = await dashboard('alice');
  await page.waitForSelector('#metrics dd[data-figure=memory_usage]:text("%")');
  await eventually('three charts', async () => (await page.locator('#charts canvas').count()) === 3);
  await done(page);
});

test('the bridge is killed and comes back: state, reconnects, and nothing is lost', async () => {
  const port = new URL(bridge.url).host;
  const page = await dashboard('dora');
  const card = page.locator('.connection', {hasText: 'Notifications'});
  await page.waitForSelector('#members :text("dora (you)")');
  await page.fill('#notification-title', 'first');
  await page.click('#notify button');
  await page.locator('#notification-list li', {hasText: 'first'}).waitFor();
  await card.locator('.id:not(:text("none"))').waitFor();
  await bridge.kill();
  await card.locator('.state:text("reconnecting")').waitFor();
  bridge = await startBridge(backends.address, {listen: port});
  await post(bridge.url, '/notifications', fullToken('writer'), {user_id: 'dora', title: 'meanwhile'});
  await post(bridge.url, '/channels/general/messages', fullToken('writer'), {content: 'while you were out'});
  await card.locator('.state:text("live")').waitFor();
  await page.locator('#notification-list li', {hasText: 'meanwhile'}).waitFor();
  await page.locator('.said', {hasText: 'while you were out'}).waitFor();
  assert.notEqual(await card.locator('.facts b').last().textContent(), '0');
  assert.equal(await page.locator('#notification-list li', {hasText: 'first'}).count(), 1);
  page.complaints = page.complaints.filter((text) => !text.includes('net::ERR_'));
  await done(page);
});

test('narrow and wide, light and dark: nothing runs off the page', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [390, 1280]) {
      const page = await dashboard('alice', {colorScheme, viewport: {width, height: 800}});
      await page.waitForSelector('#charts canvas');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels at ${width}`);
      const unnamed = await page.evaluate(() => [...document.querySelectorAll('input, select, textarea')]
        .filter((control) => control.labels.length === 0 && !control.ariaLabel).map((c) => c.id));
      assert.deepEqual(unnamed, [], 'controls without a label');
      await done(page);
    }
  }
});

test('a schema without the five services opens the explorer', async () => {
  const foreign = await startForeignBackend();
  const other = await startBridge(foreign.address, {options: ['--reflect']});
  const page = await open(browser, other.url);
  await page.waitForURL('**/explorer');
  await page.waitForSelector('#services :text("Watch")');
  await done(page);
});
