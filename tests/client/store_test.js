// Streams as stores, and what the frameworks' entry points make of them: with
// the client's own mock in place of a bridge.
import assert from 'node:assert';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { generate } from './testing/clients.js';
import { root, until } from './testing/processes.js';

const load = (...parts) => import(pathToFileURL(path.join(...parts)).href);
const generated = path.join(root, 'gen/ts');
const { createClient, BridgeError, Code } = await load(generated, 'index.js');
const { mockTransport } = await load(generated, 'runtime/testing.js');

const PRICES = 'realtime.v1.Prices/StreamPrices';
const request = { symbols: ['A', 'B'] };

function mocked() {
  const mock = mockTransport();
  return { mock, client: createClient(mock.options) };
}

/** Subscribes, and keeps what was told. */
function watch(t, store) {
  const seen = [];
  const stop = store.subscribe((snapshot) => seen.push(snapshot));
  t.after(stop);
  return { seen, stop, last: () => seen.at(-1) };
}

const settled = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 20);
  });

test('a store has the latest event, the state, and one snapshot between changes', async (t) => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store();
  const initial = store.getSnapshot();
  assert.deepEqual(initial, {
    ...{ data: undefined, state: 'idle', reason: undefined, error: undefined, since: 0, resets: 0 },
  });
  const { seen, last } = watch(t, store);
  // At once, as the contract of Svelte's stores demands.
  assert.deepEqual(seen, [initial]);
  const stream = await mock.stream(PRICES);
  await until('live', () => last().state === 'live');
  stream.send({ symbol: 'A', price: 1 });
  stream.send({ symbol: 'B', price: 2 });
  await until('data', () => last().data?.price === 2);
  assert.equal(store.getSnapshot(), last());
  assert.ok(Object.isFrozen(last()));
  assert.equal(store.getServerSnapshot(), initial);
  await settled();
  assert.equal(store.getSnapshot(), last());
});

test('events that come together are one change', async (t) => {
  const { mock, client } = mocked();
  const { seen, last } = watch(t, client.prices.stream(request).store({ keep: 'list', throttleMs: 50 }));
  const stream = await mock.stream(PRICES);
  for (let price = 1; price <= 50; ++price) stream.send({ symbol: 'A', price });
  await until('all', () => last().data.length === 50);
  assert.ok(seen.length < 10, `${seen.length} changes`);
});

test('nothing is asked without subscribers, nor for one who leaves at once', async () => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store();
  store.getSnapshot();
  store.subscribe(() => {})();
  const stop = store.subscribe(() => {});
  stop();
  stop();
  await settled();
  assert.equal(mock.requests.length, 0);
});

test('subscribers share one stream, which closes when all have left and then resumes', async (t) => {
  const { mock, client } = mocked();
  const store = client.notifications.stream().store({ keep: 'list' });
  const first = watch(t, store);
  const second = watch(t, store);
  const name = 'realtime.v1.Notifications/StreamNotifications';
  const stream = await mock.stream(name);
  stream.send({ id: '1' }, { event: 'new', id: '1' });
  stream.send({ id: '2' }, { event: 'new', id: '2' });
  await until('both', () => first.last().data.length === 2 && second.last().data.length === 2);
  assert.equal(mock.requests.length, 1);
  first.stop();
  await settled();
  assert.equal(second.last().state, 'live');
  second.stop();
  await stream.closed;
  assert.equal(store.getSnapshot().state, 'idle');
  // One who comes and goes between does not close it.
  const third = watch(t, store);
  assert.deepEqual(third.last().data.map(({ id }) => id), ['1', '2']);
  const again = await mock.stream(name);
  assert.equal(again.lastEventId, '2');
  third.stop();
  const fourth = watch(t, store);
  again.send({ id: '3' }, { event: 'new', id: '3' });
  await until('the third', () => fourth.last().data.length === 3);
  assert.equal(mock.requests.length, 2);
});

test('a store without subscribers lingers as long as it is told to', async (t) => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store({ lingerMs: 60000 });
  const { stop } = watch(t, store);
  const stream = await mock.stream(PRICES);
  stop();
  await settled();
  stream.send({ symbol: 'A', price: 1 });
  await until('data', () => store.getSnapshot().data?.price === 1);
  client.close();
  await stream.closed;
});

test('a list has its bound', async (t) => {
  const { mock, client } = mocked();
  const few = watch(t, client.prices.stream(request).store({ keep: 'list', max: 3 }));
  const stream = await mock.stream(PRICES);
  const many = watch(t, client.prices.stream(request).store({ keep: 'list' }));
  const other = await mock.stream(PRICES);
  for (let price = 1; price <= 250; ++price) {
    stream.send({ symbol: 'A', price });
    other.send({ symbol: 'A', price });
  }
  await until('the last', () => few.last().data.at(-1)?.price === 250 && many.last().data.at(-1)?.price === 250);
  assert.deepEqual(few.last().data.map(({ price }) => price), [248, 249, 250]);
  assert.equal(many.last().data.length, 100);
  assert.ok(Object.isFrozen(few.last().data));
  for (const max of [0, -1, 1.5, NaN, '3']) {
    assert.throws(() => client.prices.stream(request).store({ keep: 'list', max }), RangeError, String(max));
  }
});

test('a map has the newest of each key, and its bound', async (t) => {
  const { mock, client } = mocked();
  const { last } = watch(t, client.prices.stream(request).store({ keep: 'map', key: 'symbol', max: 2 }));
  const stream = await mock.stream(PRICES);
  stream.send({ symbol: 'A', price: 1 });
  stream.send({ symbol: 'B', price: 2 });
  stream.send({ symbol: 'A', price: 3 });
  await until('three', () => last().data.get('A')?.price === 3);
  assert.deepEqual([...last().data.keys()], ['A', 'B']);
  const before = last().data;
  stream.send({ symbol: 'C', price: 4 });
  await until('the fourth', () => last().data.has('C'));
  // The one that came first goes. What was handed out stays as it was.
  assert.deepEqual([...last().data.keys()], ['B', 'C']);
  assert.deepEqual([...before.keys()], ['A', 'B']);
});

test('the key of a map is the schema\'s, a path or a function', async (t) => {
  const out = generate(t, path.join(root, 'tests/client/messages'));
  const messages = await load(out, 'ts/index.js');
  const testing = await load(out, 'ts/runtime/testing.js');
  const mock = testing.mockTransport();
  const client = messages.createClient(mock.options);
  const stores = [{}, { key: 'customer.name' }, { key: (order) => order.customer?.name ?? '' }].map((key) =>
    watch(t, client.orders.watch().store({ keep: 'map', ...key })),
  );
  for (const { last } of stores) {
    const stream = await mock.stream('WatchOrders');
    for (const [number, name] of [['1', 'Ann'], ['2', 'Bob'], ['3', 'Ann'], ['4', '__proto__']]) {
      stream.send({ number, customer: { name } });
    }
    stream.send({ number: '5' });
    await until('five', () => last().data.size === 4);
    assert.deepEqual([...last().data].map(([name, { number }]) => [name, number]), [
      ['Ann', '3'],
      ['Bob', '2'],
      ['__proto__', '4'],
      ['', '5'],
    ]);
  }
  assert.throws(() => client.orders.list().store({ keep: 'map' }), /ListOrders: the schema has no snapshot.key/);
  assert.throws(() => client.orders.list().store({ keep: 'set' }), /keep is "latest", "list" or "map", not "set"/);
});

test('a store tells of outages, and begins again where events are missing', async (t) => {
  const { mock, client } = mocked();
  const resets = [];
  const store = client.prices.stream(request, { onReset: (reset) => resets.push(reset) }).store({ keep: 'list' });
  const { last } = watch(t, store);
  const stream = await mock.stream(PRICES);
  stream.send({ symbol: 'A', price: 1 }, { id: '1' });
  stream.away();
  await until('stale', () => last().state === 'stale');
  assert.equal(last().reason, 'backend');
  assert.equal(last().data.length, 1);
  stream.back();
  await until('live', () => last().state === 'live');
  stream.drop();
  const again = await mock.stream(PRICES);
  again.reset({ oldest: '7' });
  again.send({ symbol: 'A', price: 2 }, { id: '7' });
  await until('the new event', () => last().data[0]?.price === 2);
  assert.equal(last().data.length, 1);
  assert.equal(last().resets, 1);
  assert.deepEqual(resets, [{ requested: '1', oldest: '7' }]);
});

test('an error ends a store until somebody begins again', async (t) => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store({ keep: 'list' });
  const first = watch(t, store);
  const stream = await mock.stream(PRICES);
  stream.send({ symbol: 'A', price: 1 });
  stream.end({ code: Code.PERMISSION_DENIED, message: 'no' });
  await until('the end', () => first.last().state === 'closed');
  assert.equal(first.last().reason, 'failed');
  assert.equal(first.last().error.code, Code.PERMISSION_DENIED);
  assert.equal(first.last().data.length, 1);
  // Another one beside the first changes nothing.
  const second = watch(t, store);
  await settled();
  assert.equal(mock.requests.length, 1);
  store.restart();
  assert.deepEqual([second.last().state, second.last().data.length], ['idle', 0]);
  (await mock.stream(PRICES)).end({ code: Code.PERMISSION_DENIED });
  await until('the end again', () => second.last().state === 'closed');
  // So does one who comes when all have left.
  first.stop();
  second.stop();
  await settled();
  watch(t, store);
  await mock.stream(PRICES);
  assert.equal(mock.requests.length, 3);
});

test('a stream that has ended keeps its data and is not opened again', async (t) => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store();
  const { last, stop } = watch(t, store);
  const stream = await mock.stream(PRICES);
  stream.send({ symbol: 'A', price: 1 });
  stream.end();
  await until('the end', () => last().state === 'closed');
  assert.equal(last().reason, 'done');
  assert.equal(last().error, undefined);
  stop();
  await settled();
  const later = watch(t, store);
  await settled();
  assert.equal(later.last().data.price, 1);
  assert.equal(mock.requests.length, 1);
});

test('a subscriber that fails does not keep the others from the news', async (t) => {
  const { mock, client } = mocked();
  const store = client.prices.stream(request).store();
  const thrown = [];
  const real = globalThis.queueMicrotask;
  t.after(() => {
    globalThis.queueMicrotask = real;
  });
  globalThis.queueMicrotask = (throws) => thrown.push(throws);
  let calls = 0;
  t.after(
    store.subscribe(() => {
      calls += 1;
      if (calls > 1) throw new Error('mine');
    }),
  );
  const { last } = watch(t, store);
  (await mock.stream(PRICES)).send({ symbol: 'A', price: 1 });
  await until('data', () => last().data?.price === 1);
  assert.throws(thrown[0], /mine/);
});

test('a stream that is read already is no store', () => {
  const { client } = mocked();
  const stream = client.prices.stream(request, { onEvent() {} });
  assert.throws(() => stream.store(), /is read already/);
  stream.close();
});

test('methods can be handed on, and say what they call', async () => {
  const { mock, client } = mocked();
  const { publish } = client.prices;
  mock.onCall('PublishPrice', (message) => message);
  assert.deepEqual(await publish({ symbol: 'A', price: 1 }), { symbol: 'A', price: 1 });
  assert.equal(publish.method.name, 'realtime.v1.Prices/PublishPrice');
  const { requestKey, methodOf } = await load(generated, 'runtime/methods.js');
  assert.equal(requestKey({ b: 1n, a: [new Date(0), { d: 1, c: NaN }] }), requestKey({ a: [new Date(0), { c: NaN, d: 1 }], b: '1' }));
  assert.notEqual(requestKey({ a: NaN }), requestKey({ a: Infinity }));
  assert.notEqual(requestKey({ a: new Uint8Array([1]) }), requestKey({ a: new Uint8Array([2]) }));
  assert.equal(requestKey(undefined), requestKey({}));
  assert.throws(() => methodOf(() => {}, 'useStream'), /useStream takes a method of the client/);
});

test('stores of Svelte: a stream, and a call that is made when somebody looks', async (t) => {
  const { mock, client } = mocked();
  const { callStore, streamStore } = await load(generated, 'runtime/svelte.js');
  const prices = watch(t, streamStore(client.prices.stream, request, { keep: 'map', key: 'symbol' }));
  (await mock.stream(PRICES)).send({ symbol: 'A', price: 1 });
  await until('data', () => prices.last().data.get('A')?.price === 1);

  let answers = 0;
  mock.onCall('ListMembers', ({ channel }) => {
    answers += 1;
    if (channel === 'none') throw new BridgeError(Code.NOT_FOUND, 'no such channel', { httpStatus: 404 });
    return { user_ids: [channel, String(answers)] };
  });
  const store = callStore(client.channels.listMembers, { channel: 'a' });
  store.subscribe(() => {})();
  await settled();
  assert.equal(answers, 0);
  const call = watch(t, store);
  assert.equal(call.last().loading, true);
  await until('the answer', () => call.last().data?.user_ids.join() === 'a,1');
  assert.equal(call.last().loading, false);
  store.reload();
  assert.deepEqual([call.last().loading, call.last().data.user_ids[1]], [true, '1']);
  await until('the next', () => call.last().data.user_ids[1] === '2');
  const failing = watch(t, callStore(client.channels.listMembers, { channel: 'none' }));
  await until('the error', () => failing.last().error?.code === Code.NOT_FOUND);
  assert.throws(() => streamStore(() => {}, {}), /streamStore takes a method/);
});

test('TanStack: options of queries, and a live query that fills the cache', async (t) => {
  const { mock, client } = mocked();
  const { callOptions, liveOptions, mutationOptions, queryKey } = await load(generated, 'runtime/tanstack.js');
  mock.onCall('ListMembers', ({ channel }) => ({ user_ids: [channel] }));
  const { signal } = new AbortController();
  const call = callOptions(client.channels.listMembers, { channel: 'a' });
  assert.deepEqual(call.queryKey, ['realtime.v1.Channels/ListMembers', { channel: 'a' }]);
  assert.deepEqual(call.queryKey.slice(0, 1), queryKey(client.channels.listMembers));
  assert.deepEqual(await call.queryFn({ signal }), { user_ids: ['a'] });
  mock.onCall('PublishPrice', (message) => message);
  assert.deepEqual(await mutationOptions(client.prices.publish).mutationFn({ symbol: 'A' }), { symbol: 'A' });

  const start = (options) => {
    const live = liveOptions(client.prices.stream, request, options);
    const cache = [];
    const abort = new AbortController();
    t.after(() => abort.abort());
    const done = live.queryFn({
      queryKey: live.queryKey,
      signal: abort.signal,
      client: { setQueryData: (key, data) => cache.push([key, data]) },
    });
    done.catch(() => {});
    return { live, cache, abort, done };
  };
  const list = start({ keep: 'list', max: 2 });
  assert.deepEqual(list.live.queryKey, [PRICES, request, { keep: 'list', max: 2 }]);
  const stream = await mock.stream(PRICES);
  for (let price = 1; price <= 3; ++price) stream.send({ symbol: 'A', price });
  await until('the cache', () => list.cache.at(-1)?.[1].at(-1)?.price === 3);
  assert.deepEqual(list.cache.at(-1)[0], list.live.queryKey);
  stream.end();
  assert.deepEqual((await list.done).map(({ price }) => price), [2, 3]);

  const left = start({});
  const open = await mock.stream(PRICES);
  left.abort.abort(new Error('nobody looks'));
  await assert.rejects(left.done, /nobody looks/);
  await open.closed;

  const failing = start({ keep: 'map', key: 'symbol' });
  (await mock.stream(PRICES)).end({ code: Code.NOT_FOUND, message: 'gone' });
  await assert.rejects(failing.done, { code: Code.NOT_FOUND });
  const empty = start({});
  (await mock.stream(PRICES)).end();
  await assert.rejects(empty.done, /ended without an event/);
});
