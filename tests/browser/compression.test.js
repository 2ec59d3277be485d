// Compressed streams in a browser: what EventSource and fetch read is what a
// client without gzip reads, also when it joins late.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {cleanUp, eventually, fullToken, post, startBackends, startBridge}
  from './support/programs.js';

const kEvents = 200;

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

test('EventSource and fetch decode a compressed stream as it arrives', async () => {
  const user = fullToken('writer');
  const symbol = 'GZIP';
  const url = `/prices/stream?symbols=${symbol}`;
  const publish = (price) => post(bridge.url, '/prices', user, {symbol, price});
  const page = await open(browser, bridge.url, {path: '/favicon.svg'});
  const encodings = [];
  page.on('response', (response) => {
    if (response.url().includes('/prices/stream')) {
      encodings.push(response.headers()['content-encoding']);
    }
  });
  await page.evaluate(() => {
    window.heard = {};
    window.byEventSource = (name, from) => {
      const prices = window.heard[name] = [];
      new EventSource(from).onmessage = ({data}) => prices.push(JSON.parse(data).price);
    };
    window.byFetch = async (name, from) => {
      const prices = window.heard[name] = [];
      const reader = (await fetch(from)).body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; ;) {
        const {done, value} = await reader.read();
        if (done) break;
        const lines = (text + value).split('\n');
        text = lines.pop();
        for (const line of lines) {
          if (line.startsWith('data: ')) prices.push(JSON.parse(line.slice(6)).price);
        }
      }
    };
  });
  const hear = async (name) => {
    await page.evaluate(([n, u]) => {
      window.byEventSource(`${n} EventSource`, u);
      window.byFetch(`${n} fetch`, u);
    }, [name, url]);
  };
  const last = (price) => eventually(`price ${price}`, () => page.evaluate(
    (p) => Object.values(window.heard).every((prices) => prices.at(-1) === p), price));
  await publish(1);
  await hear('early');
  await last(1);
  for (let price = 2; price <= kEvents; ++price) {
    await publish(price);
    // Each event arrives without waiting for others.
    if (price % 50 === 0) await last(price);
    if (price === kEvents / 2) {
      await hear('late');
      await last(price);
    }
  }
  await last(kEvents);
  const heard = await page.evaluate(() => window.heard);
  const all = Array.from({length: kEvents}, (_, i) => i + 1);
  assert.deepEqual(heard['early EventSource'], all);
  assert.deepEqual(heard['early fetch'], all);
  assert.deepEqual(heard['late EventSource'], all.slice(kEvents / 2 - 1));
  assert.deepEqual(heard['late fetch'], all.slice(kEvents / 2 - 1));
  assert.deepEqual(encodings, ['gzip', 'gzip', 'gzip', 'gzip']);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
