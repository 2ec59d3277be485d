// The bridge behind each proxy: events come unbuffered, streams resume, and one
// page has more than the six that HTTP/1.1 would allow it.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect} from 'node:http2';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {launch, open} from '../browser/support/browser.js';
import {
  cleanUp, eventually, fullToken, post, startBackends, startBridge,
} from '../browser/support/programs.js';
import {kFiles, makeCertificate, startProxy} from './proxies.js';

const kStreams = 12;
const kCookie = 'session';

let browser;
let backends;
let certificate;

before(async () => {
  backends = await startBackends({options: ['--nosimulate_market']});
  certificate = await makeCertificate();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

// A stream over HTTP/2: what has come of it so far is `text`.
function stream(session, path, headers = {}) {
  const request = session.request({':path': path, accept: 'text/event-stream', ...headers});
  const opened = {text: '', status: 0, ended: false, request};
  request.setEncoding('utf8');
  request.on('response', (response) => {
    opened.status = response[':status'];
    opened.headers = response;
  });
  request.on('data', (text) => (opened.text += text));
  request.on('end', () => (opened.ended = true));
  request.on('error', () => (opened.ended = true));
  return opened;
}
const shows = (opened, text) =>
  eventually(`"${text}" in "${opened.text}"`, () => opened.text.includes(text));

for (const name of Object.keys(kFiles)) {
  test(`${name}: over HTTP/2 events come one by one, and streams resume`, async () => {
    const bridge = await startBridge(backends.address);
    const proxy = await startProxy(name, {certificate, bridge: bridge.url});
    const session = connect(proxy.url, {ca: readFileSync(join(certificate, 'cert.pem'))});
    assert.equal(await new Promise((resolve, reject) => {
      session.on('error', reject);
      session.on('connect', () => resolve(session.alpnProtocol));
    }), 'h2');

    // The first bytes come with nothing behind them, and so does each event:
    // the next is only made once the one before has arrived.
    const writer = fullToken('writer');
    const symbol = name.toUpperCase();
    const prices = stream(session, `/prices/stream?symbols=${symbol}`);
    await shows(prices, ': open');
    assert.equal(prices.status, 200);
    assert.equal(prices.headers['content-type'], 'text/event-stream');
    for (const price of [1.25, 2.25, 3.25]) {
      await post(bridge.url, '/prices', writer, {symbol, price});
      await shows(prices, `"price":${price}`);
    }
    assert.equal(prices.ended, false);

    // More streams on one connection than browsers open connections.
    const many = Array.from({length: kStreams}, (_, i) =>
      stream(session, `/prices/stream?symbols=${symbol}-${i}`));
    await Promise.all(many.map((each) => shows(each, ': open')));
    for (const i of many.keys()) {
      await post(bridge.url, '/prices', writer, {symbol: `${symbol}-${i}`, price: i + 0.5});
    }
    await Promise.all(many.map((each, i) => shows(each, `"price":${i + 0.5}`)));

    // Resume: what came while nobody listened, and nothing twice.
    const user = fullToken(`${name}-user`);
    const authorization = `Bearer ${user}`;
    const notify = (title) =>
      post(bridge.url, '/notifications', writer, {user_id: `${name}-user`, title});
    await notify('first');
    const before = stream(session, '/notifications/stream', {authorization});
    await shows(before, '"title":"first"');
    const id = /^id: (.*)$/m.exec(before.text)[1];
    before.request.close();
    await notify('second');
    const resumed = stream(session, '/notifications/stream', {authorization, 'last-event-id': id});
    await shows(resumed, '"title":"second"');
    assert.equal(resumed.text.includes('"title":"first"'), false);

    // A stream that the browser leaves is closed at the bridge too: else the
    // limit of ten for a user would be reached.
    for (let i = 0; i < 15; ++i) {
      await eventually('a slot for one more stream', async () => {
        const another = stream(session, '/notifications/stream', {authorization, 'last-event-id': id});
        await eventually('an answer', () => another.status !== 0);
        another.request.close();
        return another.status === 200;
      });
    }

    // Errors and ends come through as they are.
    const refused = stream(session, '/notifications/stream');
    await shows(refused, '"UNAUTHENTICATED"');
    assert.equal(refused.status, 401);
    session.destroy();
    await proxy.program.stop();
    await bridge.stop();
  });

  test(`${name}: a page in Chromium has ${kStreams} streams, and survives the bridge`, async () => {
    const options = ['--auth-cookie', kCookie, '--max-streams-per-subject', '50'];
    let bridge = await startBridge(backends.address, {options});
    const listen = new URL(bridge.url).host;
    const proxy = await startProxy(name, {certificate, bridge: bridge.url});
    const writer = fullToken('writer');
    const user = `${name}-page`;
    const page = await open(browser, proxy.url, {path: '/explorer'});
    await page.context().addCookies([{name: kCookie, value: fullToken(user), url: proxy.url}]);
    assert.equal(await page.evaluate(() =>
      performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2');

    await page.evaluate((count) => {
      window.open_ = 0;
      window.titles = [];
      for (let i = 0; i < count; ++i) {
        new EventSource(`/channels/${i}/stream`).addEventListener('system', () => ++window.open_);
      }
      const source = new EventSource('/notifications/stream');
      for (const event of ['unread', 'new']) {
        source.addEventListener(event, ({data}) => window.titles.push(JSON.parse(data).title));
      }
    }, kStreams);
    await eventually('every stream', async () => (await page.evaluate(() => window.open_)) === kStreams);
    const notify = (title) => post(bridge.url, '/notifications', writer, {user_id: user, title});
    const titles = (count) => eventually(`${count} notifications`, async () => {
      const found = await page.evaluate(() => window.titles);
      return found.length >= count ? found : null;
    });
    await notify('before');
    await titles(1);

    // EventSource gives up on a 502: while the bridge is away, the proxy must
    // not give it one. It comes back after two seconds.
    const again = page.waitForEvent('request', (request) => request.url().endsWith('/notifications/stream'));
    await bridge.kill();
    await again;
    bridge = await startBridge(backends.address, {options, listen});
    await notify('after');
    assert.deepEqual(await titles(2), ['before', 'after']);
    await page.context().close();
    await proxy.program.stop();
    await bridge.stop();
  });
}
