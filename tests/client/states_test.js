// The states of a stream and their reasons; what a page that sleeps, hides and
// comes back makes of them.
import assert from 'node:assert';
import { test } from 'node:test';

import { installed, load } from './testing/clients.js';
import { fakePage } from './testing/page.js';
import { until } from './testing/processes.js';

const STREAM = 'Prices/StreamPrices';
const NEVER = { baseMs: 3_600_000, maxMs: 3_600_000 };

/** A client over a mock; `open` reads a stream and notes its states. */
async function setUp(t, options = {}) {
  const directory = installed(t);
  const { createClient, BridgeError, Code } = await load(directory);
  const { mockTransport } = await load(directory, 'runtime/testing.js');
  const mock = mockTransport();
  const client = createClient({ ...mock.options, ...options });
  t.after(() => client.close());
  const states = [];
  const open = (more = {}) =>
    client.prices.stream(
      { symbols: ['A'] },
      {
        onEvent() {},
        onState: ({ state, reason }) => states.push(reason === undefined ? state : `${state} ${reason}`),
        ...more,
      },
    );
  const reaches = (stream, state) => until(state, () => stream.state === state);
  return { client, mock, open, states, reaches, BridgeError, Code };
}

test('a stream is connecting, live, stale, live, reconnecting, live and closed', async (t) => {
  const { mock, open, states } = await setUp(t);
  const stream = open();
  const first = await mock.stream(STREAM);
  first.away();
  first.back();
  first.send({ symbol: 'A' }, { id: '1' });
  first.drop();
  const second = await mock.stream(STREAM);
  assert.equal(second.lastEventId, '1');
  second.end();
  await stream.done;
  assert.deepEqual(states, [
    'connecting',
    'live',
    'stale backend',
    'live',
    'reconnecting network', // waits
    'reconnecting network', // tries
    'live',
    'closed done',
  ]);
});

test('the reason says whether the network, the server, the end or the token is behind it', async (t) => {
  const { mock, open, states, BridgeError, Code } = await setUp(t, { token: () => 'a token' });
  const stream = open();
  (await mock.stream(STREAM)).end(new BridgeError(Code.UNAVAILABLE, 'busy'));
  (await mock.stream(STREAM)).end(new BridgeError(Code.UNAUTHENTICATED, 'expired'));
  const last = await mock.stream(STREAM);
  await until('live', () => stream.state === 'live');
  mock.offline();
  last.drop();
  await until('offline', () => stream.status.attempts > 2);
  assert.equal(stream.status.reason, 'network');
  assert.match(stream.status.error.message, /cannot be reached/);
  stream.close();
  assert.deepEqual(
    states.filter((each, i) => each !== states[i - 1]),
    ['connecting', 'live', 'reconnecting server', 'live', 'reconnecting token', 'live',
      'reconnecting network', 'closed close'],
  );
});

test('an error that stays is the reason of a closed stream', async (t) => {
  const { mock, open, BridgeError, Code } = await setUp(t);
  const stream = open();
  (await mock.stream(STREAM)).end(new BridgeError(Code.PERMISSION_DENIED, 'no'));
  await assert.rejects(stream.done, { status: 'PERMISSION_DENIED' });
  const { state, reason, error } = stream.status;
  assert.deepEqual([state, reason, error.message], ['closed', 'failed', 'no']);
});

test('the status is one object until it changes, and cannot be changed', async (t) => {
  const { mock, open, reaches } = await setUp(t);
  const stream = open();
  await mock.stream(STREAM);
  await reaches(stream, 'live');
  const { status } = stream;
  assert.equal(stream.status, status);
  assert(Object.isFrozen(status));
  assert(Math.abs(Date.now() - status.since) < 60_000);
  stream.close();
  assert.notEqual(stream.status, status);
});

test('listeners of states come and go', async (t) => {
  const { client, mock } = await setUp(t);
  const stream = client.prices.stream({ symbols: ['A'] });
  const seen = [];
  const stop = stream.onState(({ state }) => seen.push(state));
  const other = [];
  stream.onState(({ state }) => other.push(state));
  stream.start();
  (await mock.stream(STREAM)).away();
  await until('stale', () => stream.state === 'stale');
  stop();
  stream.close();
  assert.deepEqual(seen, ['connecting', 'live', 'stale']);
  assert.deepEqual(other, ['connecting', 'live', 'stale', 'closed']);
});

for (const [how, what] of [
  ['the network is back', (page) => page.online()],
  ['the page becomes visible', (page) => page.show(true)],
  ['the page is restored', (page) => page.restore()],
]) {
  test(`a stream that waits tries at once when ${how}`, async (t) => {
    const page = fakePage(t);
    const { mock, open, reaches } = await setUp(t, { reconnect: NEVER });
    const stream = open();
    (await mock.stream(STREAM)).drop();
    await until('the wait', () => stream.status.delayMs > 0);
    what(page);
    await mock.stream(STREAM);
    await reaches(stream, 'live');
  });
}

test('a page from the back/forward cache has lost its connections, and opens them at once', async (t) => {
  const page = fakePage(t);
  const { mock, open, reaches } = await setUp(t, { reconnect: NEVER });
  const stream = open();
  const first = await mock.stream(STREAM);
  first.send({ symbol: 'A' }, { id: '7' });
  await until('the event', () => stream.lastEventId === '7');
  page.restore();
  await first.closed;
  assert.equal((await mock.stream(STREAM)).lastEventId, '7');
  await reaches(stream, 'live');
});

test('a machine that has slept notices at once that the connection is dead', async (t) => {
  const page = fakePage(t);
  const { mock, open, reaches } = await setUp(t, { idleTimeoutMs: 60_000 });
  const stream = open();
  const first = await mock.stream(STREAM);
  await reaches(stream, 'live');
  page.show(true);
  assert.equal(stream.state, 'live');
  const { now } = Date;
  Date.now = () => now() + 120_000; // while the timers have stood still
  t.after(() => {
    Date.now = now;
  });
  page.show(true);
  await first.closed;
  await mock.stream(STREAM);
});

for (const hidden of ['close', { closeAfterMs: 30 }]) {
  test(`hidden: ${JSON.stringify(hidden)} closes the stream of a hidden page until it is back`, async (t) => {
    const page = fakePage(t);
    const { mock, open, states, reaches } = await setUp(t, { hidden });
    const stream = open();
    const first = await mock.stream(STREAM);
    first.send({ symbol: 'A' }, { id: '3' });
    await until('the event', () => stream.lastEventId === '3');
    page.show(false);
    await first.closed;
    await until('hidden', () => stream.status.reason === 'hidden');
    assert.equal(mock.requests.length, 1);
    page.show(true);
    assert.equal((await mock.stream(STREAM)).lastEventId, '3');
    await reaches(stream, 'live');
    assert.deepEqual(
      states.filter((each, i) => each !== states[i - 1]),
      ['connecting', 'live', 'reconnecting hidden', 'live'],
    );
  });
}

test('a page that is hidden for less than closeAfterMs keeps its streams', async (t) => {
  const page = fakePage(t);
  const { mock, open, reaches } = await setUp(t, { hidden: { closeAfterMs: 60_000 } });
  const stream = open();
  await mock.stream(STREAM);
  await reaches(stream, 'live');
  page.show(false);
  page.show(true);
  page.show(false);
  assert.equal(stream.state, 'live');
  assert.equal(mock.requests.length, 1);
});

test('without a policy, a hidden page keeps its streams', async (t) => {
  const page = fakePage(t);
  const { mock, open, reaches } = await setUp(t);
  const stream = open();
  const first = await mock.stream(STREAM);
  await reaches(stream, 'live');
  page.show(false);
  first.send({ symbol: 'A' }, { id: '1' });
  await until('the event', () => stream.lastEventId === '1');
});

test('done settles whatever happens to the stream', async (t) => {
  const { client, mock, BridgeError, Code } = await setUp(t);
  const stream = (options) => client.prices.stream({ symbols: ['A'] }, options);

  const unread = stream();
  unread.close();
  await unread.done;
  assert.equal(unread.status.reason, 'close');

  const abort = new AbortController();
  const aborted = stream({ signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(aborted.done, { message: 'enough' });
  assert.equal(aborted.status.reason, 'aborted');
  await assert.rejects(stream({ signal: abort.signal }).done, { message: 'enough' });

  const left = stream();
  const opened = mock.stream(STREAM);
  opened.then((each) => each.send({ symbol: 'A' }));
  for await (const { symbol } of left) {
    assert.equal(symbol, 'A');
    break;
  }
  await left.done;
  assert.equal(left.status.reason, 'close');

  const failed = stream();
  const reading = assert.rejects(failed[Symbol.asyncIterator]().next(), { code: Code.INTERNAL });
  (await mock.stream(STREAM)).end(new BridgeError(Code.INTERNAL, 'broken'));
  await reading;
  await assert.rejects(failed.done, { message: 'broken' });

  const thrown = stream({
    onEvent() {
      throw new Error('of the page');
    },
  });
  (await mock.stream(STREAM)).send({ symbol: 'A' });
  await assert.rejects(thrown.done, { message: 'of the page' });
  assert.deepEqual([thrown.status.reason, thrown.status.error.message], ['failed', 'of the page']);

  const open = stream({ onEvent() {} });
  await mock.stream(STREAM);
  client.close();
  await open.done;
  assert.equal(open.status.reason, 'close');
  const late = stream({ onEvent() {} });
  await late.done;
  assert.equal(late.state, 'closed');
});

test('a closed stream is closed at once, also while nobody waits for an event', async (t) => {
  const { client, mock } = await setUp(t);
  const stream = client.prices.stream({ symbols: ['A'] });
  const events = stream.events();
  const first = events.next();
  const connection = await mock.stream(STREAM);
  connection.send({ symbol: 'A' });
  await first;
  stream.close();
  assert.equal(stream.state, 'closed');
  await connection.closed;
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test('a stream can be opened again after its last event', async (t) => {
  const { mock, open } = await setUp(t);
  const stream = open();
  (await mock.stream(STREAM)).send({ symbol: 'A' }, { id: '5' });
  await until('the event', () => stream.lastEventId === '5');
  stream.close();
  assert.throws(() => stream.start(), TypeError);
  const again = stream.reopen({ lastEventId: stream.lastEventId });
  const connection = await mock.stream(STREAM);
  assert.equal(connection.lastEventId, '5');
  assert.deepEqual(connection.request, { symbols: ['A'] });
  assert.equal(again.method.name, 'realtime.v1.Prices/StreamPrices');
});
