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

const reason = (page, panel) => page.locator('#access-list li', {hasText: panel}).locator('.badge').textContent();

test('without a token prices are live, and one card says what needs one', async () => {
  const page = await dashboard(null);
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
  assert.equal(await page.locator('#access-list li').count(), 4);
  for (const panel of ['Metrics', 'Channel', 'Notifications', 'Task']) {
    assert.equal(await reason(page, panel), 'Needs a token');
    assert.equal(await page.isVisible(`#${panel.toLowerCase()}`), false);
  }
  await page.click('#access-enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  await done(page);
});

test('the page explains itself, and has its version and links', async () => {
  const page = await dashboard(null);
  assert.match(await page.textContent('.intro p'), /five example gRPC services.*Server-Sent Events/i);
  await page.waitForSelector('#version:text-matches("^version \\\\d+\\\\.\\\\d+")');
  const links = await page.evaluate(() => [...document.querySelectorAll('.foot a')].map((a) => a.href));
  assert.equal(links.length, 4);
  for (const link of links) assert.equal((await fetch(link)).status, 200, link);
  await done(page);
});

test('a link with a token opens everything, and does not keep it in the address', async () => {
  const page = await open(browser, bridge.url, {path: `/#token=${fullToken('lena')}`});
  await page.waitForSelector('#token-button:text("lena")');
  await page.waitForSelector('#members :text("lena (you)")');
  assert.equal(page.url(), `${bridge.url}/`);
  // The same in a window that is open already, and in the explorer.
  await page.goto(`${bridge.url}/#token=${fullToken('mona')}`);
  await page.waitForSelector('#members :text("mona (you)")');
  await page.goto(`${bridge.url}/explorer#token=${fullToken('nina')}`);
  await page.waitForSelector('#token-button:text("nina")');
  assert.equal(page.url().includes('token='), false);
  await done(page);
});

test('a token that is wrong, expired or no token: the page says which, and shows what is public', async () => {
  for (const [bearer, title, text] of [
    ['nothing like it', 'This is not a token', 'three parts'],
    [token('eric', {seconds: -60}), 'The token has expired', 'expired on'],
    [`${fullToken('fay')}AAAA`, 'The bridge refused the token', 'refused this token'],
  ]) {
    const page = await open(browser, bridge.url, {token: bearer});
    await page.waitForSelector(`#access-title:text("${title}")`);
    assert.match(await page.textContent('#access-text'), new RegExp(text));
    await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
    await page.waitForSelector('.connection .state:text("live")');
    assert.equal(await reason(page, 'Channel'), 'Needs a valid token');
    assert.equal(await page.isVisible('#channel'), false);
    await page.click('#access-remove');
    await page.waitForSelector('#access-title:text("You see what is public")');
    await done(page);
  }
});

test('a token that expires while the page is open leaves what is public', async () => {
  const page = await open(browser, bridge.url, {token: token('gus', {seconds: 8})});
  await page.waitForSelector('#members :text("gus (you)")');
  await page.waitForSelector('#access-title:text("The token has expired")');
  await page.waitForSelector('.connection .state:text("live")');
  assert.equal(await page.isVisible('#channel'), false);
  assert.equal(await page.isVisible('#prices'), true);
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
  await page.waitForSelector('#access-title:text("You see what is public")');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await done(page);
});

test('a token without the role or scope opens the rest', async () => {
  const page = await open(browser, bridge.url, {token: token('carol')});
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
  await page.waitForSelector('#members :text("carol (you)")');
  assert.equal(await page.textContent('#access-title'), 'The token does not open everything');
  assert.equal(await reason(page, 'Metrics'), 'Needs the role admin');
  assert.equal(await reason(page, 'Notifications'), 'Needs the scope notifications:read');
  // What may be seen, but not done.
  assert.equal(await page.isDisabled('#start-task'), true);
  assert.equal(await page.textContent('#task [data-denied]'), 'Needs the scope tasks:write.');
  assert.equal(await page.isEnabled('#watch-task'), true);
  await done(page);
});

test('what the token only allows to read is not offered for writing', async () => {
  await post(bridge.url, '/notifications', fullToken('writer'), {user_id: 'ron', title: 'to read'});
  const page = await open(browser, bridge.url, {token: token('ron', {scopes: ['notifications:read']})});
  await page.locator('#notification-list li', {hasText: 'to read'}).waitFor();
  assert.equal(await page.isDisabled('#notification-title'), true);
  assert.equal(await page.isDisabled('#notification-list button'), true);
  assert.equal(await page.textContent('#notifications [data-denied]'), 'Needs the scope notifications:write.');
  await done(page);
});

test('a window needs one connection, so that two windows with all streams work', async () => {
  const page = await dashboard('wanda');
  const streams = [];
  page.context().on('request', (request) => {
    if (request.headers().accept === 'text/event-stream') streams.push(request.url());
  });
  const second = await page.context().newPage();
  second.setDefaultTimeout(60_000);
  await second.goto(`${bridge.url}/favicon.svg`);
  await second.evaluate((bearer) => sessionStorage.setItem('sse-bridge-token', bearer), fullToken('wendy'));
  await second.goto(bridge.url);
  for (const [window, name] of [[page, 'first-window'], [second, 'second-window']]) {
    await window.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
    await window.waitForSelector('#charts canvas');
    await window.fill('#task-name', name);
    await window.click('#start-task');
  }
  for (const window of [page, second]) {
    await window.waitForSelector('#task-status:text("completed")');
    await window.fill('#message', 'both here');
    await window.keyboard.press('Enter');
  }
  await page.locator('.said:not(.mine)', {hasText: 'both here'}).waitFor();
  await second.locator('.said:not(.mine)', {hasText: 'both here'}).waitFor();
  assert.ok(streams.length > 0 && streams.every((url) => new URL(url).pathname === '/events'), streams.join('\n'));
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
  await row.locator('.change.down:text("▼ 4.25")').waitFor();
  assert.match(await row.locator('path').getAttribute('d'), /^M.*L/);
  assert.equal(await row.locator('.spark').getAttribute('class'), 'spark down');
  await post(bridge.url, '/prices', fullToken('writer'), {symbol: 'ZZZ9', price: 1230.5});
  await row.locator('.change.down:text("▼ 4.00")').waitFor();
  await post(bridge.url, '/prices', fullToken('writer'), {symbol: 'ZZZ9', price: 1240});
  await row.locator('.change.up:text("▲ 5.50")').waitFor();
  assert.equal(await row.locator('.spark').getAttribute('class'), 'spark up');
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
  await page.getByRole('button', {name: 'Mark read: "before"'}).click();
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
  await page.waitForSelector('#metrics:not(.waiting)');
  await page.waitForSelector('#metrics dd[data-figure=memory_usage]:text("%")');
  await eventually('three charts', async () => (await page.locator('#charts canvas').count()) === 3);
  await done(page);
});

test('a page that cannot read the schema says so and tries again', async () => {
  for (const [path, place] of [['/', '#trouble'], ['/explorer', '#loading']]) {
    const page = await open(browser, bridge.url, {path: '/favicon.svg', token: fullToken('alice')});
    let refused = 0;
    await page.route('**/schema.json', (route) => (++refused <= 2 ? route.abort() : route.continue()));
    await page.goto(bridge.url + path);
    await page.waitForSelector(`${place}:has-text("tries again")`);
    await page.waitForSelector(path === '/' ? '#charts canvas' : '#method-name:not(:empty)');
    assert.equal(await page.isVisible(place), false);
    assert.equal(refused, 3);
    await done(page);
  }
});

test('a bridge that does not publish its methods is no riddle', async () => {
  const other = await startBridge(backends.address, {options: ['--documents', 'off']});
  for (const [path, place] of [['/', '#trouble'], ['/explorer', '#loading']]) {
    const page = await open(browser, other.url, {path});
    await page.waitForSelector(`${place}:has-text("does not publish its methods")`);
    await done(page);
  }
});

test('a schema without the five services opens the explorer', async () => {
  const foreign = await startForeignBackend();
  const other = await startBridge(foreign.address, {options: ['--reflect']});
  const page = await open(browser, other.url);
  await page.waitForURL(/\/explorer(#|$)/);
  await page.waitForSelector('#services :text("Watch")');
  await done(page);
});
