// HTTP/2 over TLS in a browser, where any number of streams share a connection.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, startBackends, startBridge, temporaryDirectory,
} from './support/programs.js';

let browser;
let backends;
let bridge;

before(async () => {
  const directory = temporaryDirectory();
  const certificate = join(directory, 'cert.pem');
  const key = join(directory, 'key.pem');
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], {stdio: 'ignore'});
  backends = await startBackends();
  bridge = await startBridge(backends.address, {options: [
    '--tls-cert', certificate, '--tls-key', key, '--max-streams-per-address', '1000']});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

test('fifty streams of one page share a connection, and each is live', async () => {
  const page = await open(browser, bridge.url, {path: '/favicon.svg'});
  await page.evaluate(() => {
    window.counts = Array(50).fill(0);
    window.sources = window.counts.map((_, i) => {
      const symbol = ['AAPL', 'MSFT', 'AMZN'][i % 3];
      // Distinct URLs, as the streams of a page are.
      const source = new EventSource(`/prices/stream?symbols=${symbol}`);
      source.onmessage = () => { ++window.counts[i]; };
      return source;
    });
  });
  await eventually('three events of each stream', () =>
    page.evaluate(() => window.counts.every((count) => count >= 3)));
  // A request beside them is not queued either.
  assert.equal(await page.evaluate(async () => (await fetch('/schema.json')).status), 200);
  const protocols = await page.evaluate(async () => {
    await fetch('/openapi.yaml');
    return performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol);
  });
  assert.deepEqual([...new Set(protocols.filter(Boolean))], ['h2']);
  await page.evaluate(() => window.sources.forEach((source) => source.close()));
  await page.context().close();
});

test('two windows with a task each do not freeze each other', async () => {
  const first = await open(browser, bridge.url, {path: `/#token=${fullToken('lena')}`});
  const second = await first.context().newPage();
  await second.goto(`${bridge.url}/#token=${fullToken('lena')}`);
  const windows = [first, second];
  for (const [i, window] of windows.entries()) {
    await window.waitForSelector('[data-symbol=AAPL]:not(.waiting)');
    await window.fill('#task-name', `http2-task-${i}`);
    await window.click('#task-form button:text("Start")');
  }
  for (const window of windows) {
    await window.waitForSelector('#task-status:text("completed")');
  }
  // Prices still move in both.
  for (const window of windows) {
    const price = () => window.textContent('[data-symbol=AAPL]');
    const before = await price();
    await eventually('another price', async () => await price() !== before);
  }
  await first.context().close();
});

test('fetch reads a stream, and can leave it', async () => {
  const page = await open(browser, bridge.url, {path: '/favicon.svg'});
  const text = await page.evaluate(async () => {
    const abort = new AbortController();
    const response = await fetch('/prices/stream?symbols=AAPL', {signal: abort.signal});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let all = '';
    while (!/data:.*\n\n[^]*data:.*\n\n/.test(all)) all += (await reader.read()).value;
    abort.abort();
    return all;
  });
  assert.match(text, /"symbol":"AAPL"/);
  // The connection goes on.
  assert.equal(await page.evaluate(async () => (await fetch('/schema.json')).status), 200);
  await page.context().close();
});
