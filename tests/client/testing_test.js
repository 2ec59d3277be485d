// The mock with which users test what uses a client: events in, states out.
import assert from 'node:assert';
import { test } from 'node:test';

import { installed, load, take } from './testing/clients.js';
import { until } from './testing/processes.js';

async function setUp(t) {
  const directory = installed(t);
  const { createClient } = await load(directory);
  const { mockTransport, BridgeError, Code } = await load(directory, 'runtime/testing.js');
  const mock = mockTransport();
  return { client: createClient({ ...mock.options }), mock, BridgeError, Code };
}

test('calls are answered by the test, which sees the messages', async (t) => {
  const { client, mock, BridgeError, Code } = await setUp(t);
  mock.onCall('Prices/PublishPrice', ({ symbol, price }) => ({ symbol, price: price + 1 }));
  assert.deepEqual(await client.prices.publish({ symbol: 'A', price: 1 }), { symbol: 'A', price: 2 });
  assert.deepEqual(mock.requests[0].message, { symbol: 'A', price: 1 });
  mock.onCall('realtime.v1.Prices/PublishPrice', () => {
    throw new BridgeError(Code.FAILED_PRECONDITION, 'closed', { httpStatus: 400, details: [{ '@type': 'x/y' }] });
  });
  const error = await client.prices.publish({ symbol: 'A', price: 1 }).catch((each) => each);
  assert.deepEqual([error.status, error.message, error.httpStatus], ['FAILED_PRECONDITION', 'closed', 400]);
  assert(error.detail('y'));
  await assert.rejects(client.tasks.create(), { status: 'UNIMPLEMENTED' });
});

test('events go in with names and ids, and come out of the stream', async (t) => {
  const { client, mock } = await setUp(t);
  const events = client.notifications.stream({}, { lastEventId: '1' }).events();
  const next = take(events, 2);
  const stream = await mock.stream('Notifications/StreamNotifications');
  assert.equal(stream.lastEventId, '1');
  stream.send({ title: 'one' }, { event: 'unread', id: '2' });
  stream.send({ title: 'two' });
  assert.deepEqual(await next, [
    { event: 'unread', id: '2', data: { title: 'one' } },
    { event: 'message', id: '', data: { title: 'two' } },
  ]);
  await events.return();
  await stream.closed;
  assert.throws(() => stream.send({}), /is over/);
});

test('gaps, refusals and an unreachable bridge can be played', async (t) => {
  const { client, mock, BridgeError, Code } = await setUp(t);
  const resets = [];
  const stream = client.prices.stream({ symbols: ['A'] }, { onReset: (reset) => resets.push(reset) });
  mock.offline();
  const done = stream.start();
  await until('the refusal', () => stream.status.attempts > 1);
  mock.offline(false);
  const connection = await mock.stream('Prices/StreamPrices');
  connection.reset({ requested: '4', oldest: '9' });
  connection.end(new BridgeError(Code.NOT_FOUND, 'gone'));
  await assert.rejects(done, { status: 'NOT_FOUND' });
  assert.deepEqual(resets, [{ requested: '4', oldest: '9' }]);
});

test('shared streams are played like others', async (t) => {
  const { client, mock } = await setUp(t);
  const stream = client.shared().prices.stream({ symbols: ['A'] });
  const first = take(stream[Symbol.asyncIterator](), 1);
  (await mock.stream('Prices/StreamPrices')).send({ symbol: 'A' });
  assert.deepEqual(await first, [{ symbol: 'A' }]);
});
