// tabs: one connection for all tabs. Here, the tabs are clients of one process,
// with Web Locks as browsers have them; tests/browser has real ones.
import assert from 'node:assert';
import { test } from 'node:test';

import { installed, load } from './testing/clients.js';
import { startEventsBridge } from './testing/events_bridge.js';
import { fakeLocks } from './testing/locks.js';
import { fakePage } from './testing/page.js';
import { token, until } from './testing/processes.js';

async function setUp(t, { locks = true, ...options } = {}) {
  const held = locks ? fakeLocks(t) : undefined;
  const bridge = await startEventsBridge(t, options);
  const { createClient } = await load(installed(t));
  const tab = (more = {}) => {
    const client = createClient({
      baseUrl: bridge.address,
      reconnect: { baseMs: 1, maxMs: 5 },
      tabs: true,
      ...more,
    });
    t.after(() => client.close());
    const open = (symbol = 'A', streamOptions = {}) => {
      const events = [];
      const stream = client.prices.stream(
        { symbols: [symbol] },
        { onEvent: (data, event) => events.push(event), ...streamOptions },
      );
      return Object.assign(stream, { events, heard: () => events.map(({ data }) => data.n) });
    };
    return { client, open, close: () => client.close() };
  };
  const live = (...streams) =>
    until('all live', () => streams.every(({ state }) => state === 'live'));
  const opened = () => bridge.connections.filter(({ open }) => open);
  return { ...bridge, held, tab, live, opened };
}

test('three tabs have one connection, and each has each event once', async (t) => {
  const { tab, live, connections } = await setUp(t);
  const streams = [tab(), tab(), tab()].map(({ open }) => open());
  await live(...streams);
  for (let n = 1; n <= 5; n += 1) connections[0].send('symbols=A', { n }, { event: 'tick', id: `${n}` });
  await until('all', () => streams.every(({ events }) => events.length === 5));
  for (const { events, heard, lastEventId } of streams) {
    assert.deepEqual(heard(), [1, 2, 3, 4, 5]);
    assert.deepEqual([events[0].event, lastEventId], ['tick', '5']);
  }
  assert.equal(connections.length, 1);
});

test('when the leader closes, another tab goes on after the last event of each', async (t) => {
  const { tab, live, connections, opened } = await setUp(t);
  const [leader, ...others] = [tab(), tab(), tab()];
  const first = leader.open();
  await live(first); // of tabs that start together, any may lead
  const streams = [first, ...others.map(({ open }) => open())];
  await live(...streams);
  connections[0].send('symbols=A', { n: 1 }, { id: '1' });
  await until('the first', () => streams.every(({ events }) => events.length === 1));
  leader.close();
  await until('the next leader', () => opened().length === 1 && connections.length === 2);
  await until('its streams', () => opened()[0].streams.size === 2);
  assert.equal(streams[0].state, 'closed');
  const [next] = opened();
  assert.equal(connections.length, 2);
  await live(streams[1], streams[2]);
  next.send('symbols=A', { n: 2 }, { id: '2' });
  await until('the second', () => streams.slice(1).every(({ events }) => events.length === 2));
  assert.deepEqual(streams.map(({ heard }) => heard()), [[1], [1, 2], [1, 2]]);
});

test('a tab that goes takes its streams with it', async (t) => {
  const { tab, live, connections } = await setUp(t);
  const [one, two] = [tab(), tab()];
  const stays = one.open('A');
  await live(stays);
  const goes = two.open('B');
  await live(goes);
  assert.equal(connections[0].streams.size, 2);
  two.close();
  await until('the removal', () => connections[0].streams.size === 1);
  assert.equal(connections.length, 1);
});

test('states, resets and ends reach the other tabs', async (t) => {
  const { tab, live, connections } = await setUp(t);
  await live(tab().open('A'));
  const states = [];
  const resets = [];
  const stream = tab().open('B', {
    onState: ({ state }) => states.push(state),
    onReset: (reset) => resets.push(reset),
  });
  await live(stream);
  const [name] = connections[0].names('symbols=B');
  const own = (event, data) =>
    connections[0].write(`event: ${event}\ndata: ${JSON.stringify({ stream: name, ...data })}\n\n`);
  own('upstream', { state: 'away' });
  own('reset', { requested: '1', oldest: '' });
  await until('the reset', () => resets.length === 1);
  connections[0].end('symbols=B', 5);
  await assert.rejects(stream.done, { status: 'NOT_FOUND' });
  assert.deepEqual(states, ['connecting', 'live', 'stale', 'live', 'closed']);
});

test('tabs of different users share nothing', async (t) => {
  const { tab, live, connections } = await setUp(t);
  const of = (subject, seconds) => tab({ token: token(subject, {}, seconds) }).open();
  const streams = [of('ann', 600), of('bob', 600), of('ann', 900)];
  await live(...streams);
  assert.equal(connections.length, 2, 'a renewed token is the same user');
  const cookies = [tab({ tabs: { name: 'ann' } }), tab({ tabs: { name: 'bob' } })].map(({ open }) => open());
  await live(...cookies);
  assert.equal(connections.length, 4);
});

test('a leader whose token is now of another user gives up the lead, and its own streams', async (t) => {
  let expired = false;
  const { tab, live, connections, requests } = await setUp(t, {
    refusal: () => {
      const refused = expired;
      expired = false;
      return refused ? [401, 'UNAUTHENTICATED'] : undefined;
    },
  });
  const ann = token('ann', {});
  const bob = token('bob', {});
  const one = tab({ token: ({ refresh }) => (refresh ? bob : ann) }).open();
  await live(one);
  const two = tab({ token: ann }).open();
  await live(two);
  expired = true;
  connections[0].response.destroy();
  await assert.rejects(one.done, { status: 'UNAUTHENTICATED' });
  await until('the next leader', () => connections.length === 2 && two.state === 'live');
  assert(requests.every(({ headers }) => headers.authorization === `Bearer ${ann}`));
});

test('a page that may be frozen gives up the lead, and takes part again', async (t) => {
  const page = fakePage(t);
  const { tab, live, opened, connections, held } = await setUp(t);
  const stream = tab().open();
  await live(stream);
  connections[0].send('symbols=A', { n: 1 }, { id: '1' });
  await until('the first', () => stream.events.length === 1);
  page.hide();
  await until('no connection', () => opened().length === 0);
  assert.equal(held.size, 0);
  assert.equal(stream.state, 'reconnecting');
  page.restore();
  await live(stream);
  assert.match(opened()[0].lastEventId, /\*=1$/);
});

test('a tab that does not read is stopped, and catches up later', async (t) => {
  const { tab, live, connections, posted } = await setUp(t);
  await live(tab().open('A'));
  let release;
  const stuck = new Promise((resolve) => {
    release = resolve;
  });
  const seen = [];
  const slow = tab().open('B', {
    onEvent: async ({ n }) => {
      seen.push(n);
      if (n === 1) await stuck;
    },
  });
  await live(slow);
  for (let n = 1; n <= 2000; n += 1) connections[0].send('symbols=B', { n }, { id: `${n}` });
  await until('the stop', () => posted.some(({ removed }) => removed.length === 1));
  release();
  await until('its return', () => posted.some(({ lastEventId }) => /\*=1024$/.test(lastEventId)));
  assert.deepEqual(seen, Array.from({ length: 1024 }, (_, i) => i + 1));
});

test('without Web Locks, each stream has a connection of its own', async (t) => {
  const { tab, requests } = await setUp(t, { locks: false });
  tab().open();
  await until('the request', () => requests.length > 0);
  assert(!requests[0].url.startsWith('/events'));
});

test('what cannot be on /events has a connection of its own', async (t) => {
  const { tab, requests } = await setUp(t);
  tab().open('A', { headers: { 'X-Of-This-Stream': '1' } });
  await until('the request', () => requests.length > 0);
  assert(!requests[0].url.startsWith('/events'));
});
