// Node's own HTTP/2 client against the bridge.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import {after, before, test} from 'node:test';

import {cleanUp, eventually, fullToken, startBackends, startBridge} from '../browser/support/programs.js';

let backends;
let bridge;
let session;

before(async () => {
  backends = await startBackends();
  bridge = await startBridge(backends.address, {options: ['--max-streams-per-address', '1000']});
  session = http2.connect(bridge.url);
});
after(async () => {
  session?.destroy();
  await cleanUp();
});

// What a stream has received so far, in `text`; `status` once it has begun.
function open(path, headers = {}, body) {
  const stream = session.request({':path': path, ...headers}, {endStream: body === undefined});
  if (body !== undefined) stream.end(body);
  stream.text = '';
  stream.setEncoding('utf8');
  stream.on('response', (answer) => { stream.status = answer[':status']; });
  stream.on('data', (text) => { stream.text += text; });
  stream.on('end', () => { stream.whole = true; });
  stream.on('error', (error) => { stream.failed = error; });
  return stream;
}
const events = (stream) => (stream.text.match(/^data:/gm) ?? []).length;

test('a call, an error and a stream', async () => {
  const bearer = {authorization: `Bearer ${fullToken('nora')}`, 'content-type': 'application/json'};
  const made = open('/tasks', {':method': 'POST', ...bearer}, JSON.stringify({task_id: 'node-task'}));
  await eventually('the answer', () => made.whole);
  assert.equal(made.status, 200);
  assert.equal(JSON.parse(made.text).task_id ?? JSON.parse(made.text).taskId, 'node-task');
  const missing = open('/nothing');
  await eventually('the error', () => missing.whole);
  assert.equal(missing.status, 404);
  assert.equal(JSON.parse(missing.text).error.status, 'NOT_FOUND');
  const prices = open('/prices/stream?symbols=AAPL');
  await eventually('events', () => events(prices) >= 2);
  assert.equal(prices.status, 200);
  prices.close(http2.constants.NGHTTP2_CANCEL);
});

test('a stream that nobody reads delays no other', async () => {
  // Its window and that of the connection are equally small in Node.
  const paused = session.request({':path': '/openapi.yaml'});
  paused.pause();
  const streams = Array.from({length: 50}, () => open('/prices/stream?symbols=MSFT'));
  await eventually('three events of each', () => streams.every((each) => events(each) >= 3));
  for (const each of [...streams, paused]) each.close(http2.constants.NGHTTP2_CANCEL);
});

test('a ping is answered', async () => {
  const ms = await new Promise((resolve, reject) =>
    session.ping((error, duration) => error ? reject(error) : resolve(duration)));
  assert.ok(ms >= 0);
});
