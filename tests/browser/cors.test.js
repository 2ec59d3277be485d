// A page of another origin: what it may read when it is on the list, and what
// it may not when it is not.

import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {after, before, test} from 'node:test';

import {launch} from './support/browser.js';
import {cleanUp, fullToken, post, startBackends, startBridge} from './support/programs.js';

const kCookie = 'session';

let browser;
let site;
let origin;
let bridge;  // lists the origin
let closed;  // lists none

before(async () => {
  site = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>another origin</title>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${site.address().port}`;
  const backends = await startBackends();
  const options = ['--auth-cookie', kCookie];
  bridge = await startBridge(backends.address, {options: [...options, '--cors-origin', origin]});
  closed = await startBridge(backends.address, {options});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  site?.close();
  await cleanUp();
});

async function page(user) {
  const context = await browser.newContext();
  // Cookies know no ports: this one goes to every server of the host.
  if (user) await context.addCookies([{name: kCookie, value: fullToken(user), url: origin}]);
  const opened = await context.newPage();
  await opened.goto(origin);
  return opened;
}

// What a page makes of a call: its status and JSON, or 'refused' by the browser.
const call = (opened, url, options) => opened.evaluate(async ([u, o]) => {
  try {
    const response = await fetch(u, o);
    return {status: response.status, json: await response.json()};
  } catch {
    return 'refused';
  }
}, [url, options]);

// The first event that EventSource has of it, or 'refused'.
const listen = (opened, url, name) => opened.evaluate(([u, n]) => new Promise((resolve) => {
  const source = new EventSource(u, {withCredentials: true});
  source.addEventListener(n, ({data}) => {
    source.close();
    resolve(JSON.parse(data));
  });
  source.onerror = () => source.readyState === 2 && resolve('refused');
}), [url, name]);

test('a listed origin calls with a token, after a preflight', async () => {
  const opened = await page();
  const headers = {Authorization: `Bearer ${fullToken('ann')}`, 'Content-Type': 'application/json'};
  const sent = await call(opened, `${bridge.url}/channels/cors/messages`,
    {method: 'POST', headers, body: '{"content": "from afar"}'});
  assert.equal(sent.status, 200);
  assert.equal(sent.json.content, 'from afar');
  // Errors can be read too.
  const error = await call(opened, `${bridge.url}/channels/cors/messages`, {method: 'POST', body: '{}'});
  assert.equal(error.status, 401);
  assert.equal(error.json.error.status, 'UNAUTHENTICATED');
  await opened.context().close();
});

test('a listed origin streams with fetch and a token', async () => {
  const opened = await page();
  const token = fullToken('ann');
  await post(bridge.url, '/notifications', token, {user_id: 'ann', title: 'for fetch'});
  const text = await opened.evaluate(async ([url, bearer]) => {
    const response = await fetch(url, {headers: {Authorization: `Bearer ${bearer}`, 'Last-Event-ID': '0'}});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let read = '';
    while (!read.includes('for fetch')) read += (await reader.read()).value;
    return read;
  }, [`${bridge.url}/notifications/stream`, token]);
  assert.match(text, /^retry: /);
  await opened.context().close();
});

test('a listed origin uses EventSource with the cookie', async () => {
  await post(bridge.url, '/notifications', fullToken('bea'), {user_id: 'bea', title: 'for EventSource'});
  const opened = await page('bea');
  const event = await listen(opened, `${bridge.url}/notifications/stream`, 'unread');
  assert.equal(event.title, 'for EventSource');
  await opened.context().close();
});

test('another origin reads nothing, with token or cookie', async () => {
  const opened = await page('cid');
  const headers = {Authorization: `Bearer ${fullToken('cid')}`};
  const url = `${closed.url}/channels/cors/members`;
  assert.equal(await call(opened, url, {headers}), 'refused');
  assert.equal(await call(opened, url, {credentials: 'include'}), 'refused');
  assert.equal(await listen(opened, `${closed.url}/channels/cors/stream`, 'system'), 'refused');
  assert.equal(await listen(opened, `${closed.url}/prices/stream?symbols=AAPL`, 'message'), 'refused');
  await opened.context().close();
});

test('the cookie is of no use to another origin: nothing is done in the user\'s name', async () => {
  const opened = await page('dan');
  // A simple request needs no preflight: it arrives, and must do nothing.
  await opened.evaluate((url) => fetch(url, {
    method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"content": "not mine"}',
  }).catch(() => {}), `${closed.url}/channels/forged/messages`);
  const response = await fetch(`${closed.url}/channels/forged/messages`,
    {headers: {Authorization: `Bearer ${fullToken('dan')}`}});
  assert.deepEqual((await response.json()).messages, []);
  await opened.context().close();
});
