// The browser's own EventSource, which cannot send a token: it comes as a
// cookie. The page is the bridge's own, so that everything has one origin.

import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, post, root, startBackends, startBridge,
  temporaryDirectory,
} from './support/programs.js';

const kCookie = 'session';
const kOptions = ['--auth-cookie', kCookie];

let browser;
let backends;
let bridge;

before(async () => {
  backends = await startBackends();
  bridge = await startBridge(backends.address, {options: kOptions});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

// A page whose `listen(url, names)` opens an EventSource and keeps what comes
// in `heard[url]`: {events: [{name, id, data}], source}.
async function listeningPage(user) {
  const page = await open(browser, bridge.url, {path: '/favicon.svg'});
  await page.context().addCookies([{name: kCookie, value: fullToken(user), url: bridge.url}]);
  await page.evaluate(() => {
    window.heard = {};
    window.listen = (url, names) => {
      const source = new EventSource(url);
      const events = [];
      window.heard[url] = {source, events};
      for (const name of [...names, 'grpc-status']) {
        source.addEventListener(name, ({type, lastEventId, data}) =>
          events.push({name: type, id: lastEventId, data: JSON.parse(data)}));
      }
    };
  });
  page.listen = (url, names = ['message']) =>
    page.evaluate(([u, n]) => window.listen(u, n), [url, names]);
  page.heard = (url) => page.evaluate((u) => window.heard[u].events, url);
  page.state = (url) => page.evaluate((u) => window.heard[u].source.readyState, url);
  page.hears = (url, count = 1) =>
    eventually(`${count} events of ${url}`, async () => (await page.heard(url)).length >= count);
  return page;
}

const fill = (template) => template.replace('{channel}', 'general').replace('{task_id}', 'every') +
  (template === '/prices/stream' ? '?symbols=AAPL' : '');

test('every stream that GET reaches is one for EventSource', async () => {
  const everybody = fullToken('everybody');
  await post(bridge.url, '/tasks', everybody, {task_id: 'every'});
  await post(bridge.url, '/notifications', everybody, {user_id: 'everybody', title: 'hello'});
  const schema = await (await fetch(`${bridge.url}/schema.json`)).json();
  const urls = schema.services.flatMap(({methods}) => methods)
    .filter(({streaming}) => streaming)
    .flatMap(({routes}) => routes.filter(({verb}) => verb === 'GET').map(({path}) => fill(path)));
  assert.equal(urls.length, 5);
  const page = await listeningPage('everybody');
  const names = ['message', 'unread', 'new', 'system', 'join', 'leave', 'typing'];
  for (const url of urls) {
    await page.listen(url, names);
    await page.hears(url);
    await page.evaluate((u) => window.heard[u].source.close(), url);
  }
  const first = async (url) => (await page.heard(url))[0];
  assert.equal((await first('/notifications/stream')).name, 'unread');
  assert.equal((await first('/channels/general/stream')).name, 'system');
  assert.equal((await first('/prices/stream?symbols=AAPL')).name, 'message');
  assert.equal((await first('/tasks/every/progress')).data.status, 'pending');
  await page.context().close();
});

test('the bridge is killed: EventSource comes back with Last-Event-ID, and loses nothing', async () => {
  const port = new URL(bridge.url).host;
  const url = '/notifications/stream';
  const notify = (where, title) =>
    post(where.url, '/notifications', fullToken('writer'), {user_id: 'eva', title});
  const page = await listeningPage('eva');
  await notify(bridge, 'one');
  await page.listen(url, ['unread', 'new']);
  await page.hears(url, 1);
  await notify(bridge, 'two');
  await page.hears(url, 2);
  await bridge.kill();
  // Another bridge on the same backends takes what comes meanwhile.
  const other = await startBridge(backends.address);
  await notify(other, 'three');
  await notify(other, 'four');
  assert.equal(await page.state(url), 0);
  bridge = await startBridge(backends.address, {listen: port, options: kOptions});
  await page.hears(url, 4);
  await notify(bridge, 'five');
  await page.hears(url, 5);
  const events = await page.heard(url);
  assert.deepEqual(events.map(({data}) => data.title), ['one', 'two', 'three', 'four', 'five']);
  assert.equal(new Set(events.map(({id}) => id)).size, 5);
  await page.context().close();
});

test('a stream that a ticket has opened comes back with it, in this browser only', async () => {
  const key = join(temporaryDirectory(), 'ticket-key');
  writeFileSync(key, 'a secret of bridges that take each other\'s tickets');
  const options = ['--ticket-key', key];
  let own = await startBridge(backends.address, {options});
  const user = fullToken('tina');
  const answer = await fetch(`${own.url}/auth/ticket`,
    {method: 'POST', headers: {authorization: `Bearer ${user}`}});
  const url = `/notifications/stream?ticket=${(await answer.json()).ticket}`;
  const notify = (title) => post(own.url, '/notifications', user, {user_id: 'tina', title});
  await notify('one');
  const page = await open(browser, own.url, {path: '/favicon.svg'});
  await page.evaluate((u) => {
    window.titles = [];
    window.source = new EventSource(u);
    for (const name of ['unread', 'new']) {
      window.source.addEventListener(name, ({data}) => window.titles.push(JSON.parse(data).title));
    }
  }, url);
  const titles = (count) => eventually(`${count} notifications`, async () => {
    const got = await page.evaluate(() => window.titles);
    return got.length >= count && got;
  });
  await titles(1);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the cookie');
  const {host} = new URL(own.url);
  for (const title of ['two', 'three']) {
    await own.kill();
    own = await startBridge(backends.address, {listen: host, options});
    await notify(title);
    await titles(title === 'two' ? 2 : 3);
  }
  assert.deepEqual(await titles(3), ['one', 'two', 'three']);
  // Another browser that has the address has nothing.
  const stranger = await open(browser, own.url, {path: '/favicon.svg'});
  assert.equal(await stranger.evaluate((u) => new Promise((resolve) => {
    const source = new EventSource(u);
    source.onerror = () => resolve(source.readyState);
  }), url), 2);
  for (const each of [page, stranger]) await each.context().close();
  await own.stop();
});

test('204 stops it: a finished task is asked for once more and never again', async () => {
  const worker = fullToken('worker');
  await post(bridge.url, '/tasks', worker, {task_id: 'short'});
  const page = await listeningPage('worker');
  const asked = [];
  page.on('response', (response) => {
    if (response.url().endsWith('/tasks/short/progress')) asked.push(response.status());
  });
  await page.listen('/tasks/short/progress');
  await page.hears('/tasks/short/progress', 1);
  await post(bridge.url, '/tasks/short', worker, {status: 'running', progress: 0.5});
  await post(bridge.url, '/tasks/short', worker, {status: 'completed', progress: 1});
  await eventually('the source to close', async () => (await page.state('/tasks/short/progress')) === 2);
  // The page may know its answer before this process does.
  await eventually('both answers', () => asked.length === 2);
  assert.deepEqual(asked, [200, 204]);
  const events = await page.heard('/tasks/short/progress');
  assert.deepEqual(events.map(({name, data}) => (name === 'message' ? data.status : data.code)),
    ['pending', 'running', 'completed', 0]);
  await page.context().close();
});

test('a refusal stops it too', async () => {
  const page = await open(browser, bridge.url, {path: '/favicon.svg'});
  assert.equal(await page.evaluate(() => new Promise((resolve) => {
    const source = new EventSource('/notifications/stream');
    source.onerror = () => resolve(source.readyState);
  })), 2);
  await page.context().close();
});

test('seven streams at once through /events, and calls beside them', async () => {
  const user = fullToken('seven');
  for (const task of ['a', 'b']) await post(bridge.url, '/tasks', user, {task_id: `seven-${task}`});
  await post(bridge.url, '/notifications', user, {user_id: 'seven', title: 'hello'});
  const streams = {
    price: '/prices/stream?symbols=AAPL', notes: '/notifications/stream',
    metrics: '/admin/metrics/stream', first: '/channels/first/stream',
    second: '/channels/second/stream', 'task.a': '/tasks/seven-a/progress',
    'task.b': '/tasks/seven-b/progress',
  };
  const url = '/events?' + Object.entries(streams)
    .map(([name, path]) => `stream=${encodeURIComponent(`${name}:${path}`)}`).join('&');
  const page = await listeningPage('seven');
  await page.listen(url, Object.keys(streams));
  await eventually('an event of each', async () =>
    new Set((await page.heard(url)).map(({name}) => name)).size === 7);
  // One connection of six is taken; the page's own calls have the others.
  assert.equal(await page.evaluate(async () =>
    (await fetch('/channels/first/messages', {method: 'POST', body: '{"content": "hi"}'})).status), 200);
  await eventually('what was said', async () =>
    (await page.heard(url)).some(({name, data}) => name === 'first' && data.type === 'message'));
  await page.context().close();
});

test("the cookbook's snippets, unchanged", async () => {
  const user = fullToken('cook');
  const page = await listeningPage('cook');
  await page.evaluate(() => {
    window.got = {prices: [], notifications: [], handled: []};
    window.updatePriceDisplay = (price) => window.got.prices.push(price);
    window.showNotification = (notification) => window.got.notifications.push(notification);
    window.handleEvent = (data) => window.got.handled.push(data);
  });
  // As the console runs it: the pages' policy forbids inline scripts.
  await page.evaluate(readFileSync(join(root, 'tests/browser/cookbook_snippets.js'), 'utf8') +
    '\nwindow.streamWithAuth = streamWithAuth;');
  await post(bridge.url, '/notifications', user, {user_id: 'cook', title: 'served'});
  const got = (what) => eventually(what, async () =>
    (await page.evaluate((w) => window.got[w], what)).at(-1));
  assert.equal(typeof (await got('prices')).price, 'number');
  assert.equal((await got('notifications')).title, 'served');
  await page.evaluate((token) => {
    window.streamWithAuth('/notifications/stream', token);
  }, user);
  assert.equal((await got('handled')).title, 'served');
  await page.context().close();
});
