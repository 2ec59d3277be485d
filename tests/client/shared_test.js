// shared(): streams come to an open connection and go, and the others lose
// nothing.
import assert from 'node:assert';
import { test } from 'node:test';

import { installed, load } from './testing/clients.js';
import { startEventsBridge } from './testing/events_bridge.js';
import { until } from './testing/processes.js';

async function setUp(t, options) {
  const bridge = await startEventsBridge(t, options);
  const { createClient } = await load(installed(t));
  const client = createClient({ baseUrl: bridge.address, reconnect: { baseMs: 1, maxMs: 5 } });
  t.after(() => client.close());
  const shared = client.shared();
  const open = (symbol, more = {}) => {
    const events = [];
    const stream = shared.prices.stream(
      { symbols: [symbol] },
      { onEvent: (data, event) => events.push(event), ...more },
    );
    return Object.assign(stream, { events, heard: () => events.map(({ data }) => data.n) });
  };
  const live = (...streams) =>
    until('all live', () => streams.every(({ state }) => state === 'live'));
  return { ...bridge, client, open, live };
}

test('a stream is added to the open connection, and removed from it', async (t) => {
  const { open, live, connections, posted } = await setUp(t);
  const a = open('A');
  await live(a);
  connections[0].send('symbols=A', { n: 1 });
  const b = open('B');
  const c = open('C');
  await live(b, c);
  connections[0].send('symbols=', { n: 2 });
  await until('its event', () => b.events.length === 1);
  b.close();
  await until('the removal', () => posted.length === 2);
  assert.deepEqual(connections[0].names('symbols=B'), []);
  connections[0].send('symbols=', { n: 3 });
  await until('the last', () => a.events.length === 3 && c.events.length === 2);
  assert.deepEqual([a.heard(), b.heard(), c.heard()], [[1, 2, 3], [2], [2, 3]]);
  assert.equal(connections.length, 1);
  assert.deepEqual(
    posted.map(({ added, removed }) => [added.length, removed.length]),
    [[2, 0], [0, 1]],
    'those that come together are added together',
  );
});

test('events keep their own names', async (t) => {
  const { open, live, connections } = await setUp(t);
  const a = open('A');
  await live(a);
  connections[0].send('symbols=A', { n: 1 }, { event: 'tick', id: '1' });
  connections[0].send('symbols=A', { n: 2 });
  await until('both', () => a.events.length === 2);
  assert.deepEqual(
    a.events.map(({ event, id }) => [event, id]),
    [['tick', '1'], ['message', '']],
  );
});

test('an added stream resumes after its own last event', async (t) => {
  const { open, live, posted } = await setUp(t);
  await live(open('A'));
  await live(open('B', { lastEventId: '7&=' }));
  assert.match(posted[0].lastEventId, /^price\.\d+\*=7%26%3D$/);
});

test('after a loss, one connection has the streams that there are then', async (t) => {
  const { open, live, connections } = await setUp(t);
  const [a, b] = [open('A'), open('B')];
  await live(a, b);
  const c = open('C');
  await live(c);
  connections[0].send('symbols=C', { n: 1 }, { id: '5' });
  await until('its event', () => c.events.length === 1);
  a.close();
  await until('the removal', () => connections[0].names('symbols=A').length === 0);
  connections[0].response.destroy();
  await until('the next connection', () => connections.length === 2);
  await live(b, c);
  assert.deepEqual([...connections[1].streams.values()].length, 2);
  assert.match(connections[1].lastEventId, /^price\.\d+\*=5$/);
  connections[1].send('symbols=', { n: 2 });
  await until('both', () => b.events.length === 1 && c.events.length === 2);
});

test('a stream that comes while the connection is opened is added when it is open', async (t) => {
  let first = true;
  const { open, live, connections, posted } = await setUp(t, {
    refusal: () => {
      const refused = first;
      first = false;
      return refused ? [503, 'UNAVAILABLE'] : undefined;
    },
  });
  let b;
  const a = open('A', {
    onState: ({ state }) => {
      if (state === 'reconnecting') b ??= open('B');
    },
  });
  await live(a);
  await live(b);
  assert.equal(connections.length, 1);
  assert.equal(connections[0].streams.size, 2);
  assert(posted.length <= 1);
});

for (const [what, changes] of [['by another bridge', true], ['by nobody', false]]) {
  test(`if a connection can be changed ${what}, the new stream gets another one`, async (t) => {
    const { open, live, connections } = await setUp(t, {
      changes,
      refusal: ({ method }) => (method === 'POST' ? [409, 'ABORTED'] : undefined),
    });
    const a = open('A'); // cannot resume: it has had no id
    await live(a);
    const b = open('B');
    await live(b);
    const c = open('C');
    await live(c);
    assert(connections[0].open);
    connections[0].send('symbols=A', { n: 1 });
    await until('its event', () => a.events.length === 1);
    assert.deepEqual([a, b, c].map(({ state }) => state), ['live', 'live', 'live']);
  });

  test(`if it can be changed ${what}, and all can resume, it is opened again`, async (t) => {
    const { open, live, connections } = await setUp(t, {
      changes,
      refusal: ({ method }) => (method === 'POST' ? [409, 'ABORTED'] : undefined),
    });
    const a = open('A');
    await live(a);
    connections[0].send('symbols=A', { n: 1 }, { id: '4' });
    await until('its event', () => a.events.length === 1);
    const b = open('B');
    await until('both live', () => connections.length === 2 && b.state === 'live');
    assert.equal(connections[1].streams.size, 2);
    assert.match(connections[1].lastEventId, /\*=4$/);
    assert.equal(connections[0].open, false);
  });
}

test('a stream that the bridge refuses gets its error, and the others go on', async (t) => {
  const { open, live, connections } = await setUp(t, {
    refusal: (request, streams) =>
      streams.some((each) => each.includes('symbols=X')) ? [404, 'NOT_FOUND'] : undefined,
  });
  const a = open('A');
  await live(a);
  const [x, b] = [open('X'), open('B')];
  await assert.rejects(x.done, { status: 'NOT_FOUND' });
  await live(b);
  connections[0].send('symbols=A', { n: 1 });
  await until('its event', () => a.events.length === 1);
  assert(connections[0].open);
});

test('a stream that fails for a while comes back to the same connection', async (t) => {
  const { open, live, connections } = await setUp(t);
  const states = [];
  const [a, b] = [open('A'), open('B', { onState: (status) => states.push(status) })];
  await live(a, b);
  connections[0].end('symbols=B', 14);
  await until('the loss', () => states.some(({ reason }) => reason === 'server'));
  await live(b);
  connections[0].send('symbols=', { n: 1 });
  await until('both', () => a.events.length === 1 && b.events.length >= 1);
  assert.equal(connections.length, 1);
  assert.equal(a.state, 'live');
});

test('the last stream that goes closes the connection', async (t) => {
  const { open, live, connections } = await setUp(t);
  const [a, b] = [open('A'), open('B')];
  await live(a, b);
  a.close();
  b.close();
  await until('the end', () => !connections[0].open);
});

test('more than 32 streams need another connection', async (t) => {
  const { open, live, connections } = await setUp(t);
  const all = Array.from({ length: 40 }, (_, i) => open(`S${i}`));
  await live(...all);
  assert.deepEqual(connections.map(({ streams }) => streams.size).sort(), [32, 8].sort());
});
