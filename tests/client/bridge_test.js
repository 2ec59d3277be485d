// The client of the five services against the real bridge and backends.
import assert from 'node:assert';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { before, test } from 'node:test';

import { installed, load, take, watchedFetch } from './testing/clients.js';
import { EVERYTHING, startServices, token, until } from './testing/processes.js';

const FAST = { baseMs: 20, maxMs: 200 };

async function setUp(t, { options = {}, bridge: bridgeOptions } = {}) {
  const bridge = await startServices(t, bridgeOptions);
  const { createClient } = await load(installed(t));
  const make = (more = {}) =>
    createClient({ baseUrl: bridge.address, token: token('ann'), reconnect: FAST, ...options, ...more });
  return { bridge, client: make(), make };
}

const notify = (client, title) => client.notifications.create({ user_id: 'ann', title });
const titles = (notifications) => notifications.map(({ title }) => title);

test('the cookbook: prices by POST, typed calls, named events', async (t) => {
  const { client } = await setUp(t);
  const prices = client.prices.stream({ symbols: ['AAPL'] })[Symbol.asyncIterator]();
  const first = prices.next();
  await client.prices.publish({ symbol: 'AAPL', price: 12.5 });
  let price = (await first).value;
  if (price.price !== 12.5) price = (await prices.next()).value;
  assert.equal(price.symbol, 'AAPL');
  assert.equal(price.price, 12.5);
  await prices.return();

  const unread = await notify(client, 'one');
  const events = client.notifications.stream().events();
  const [old] = await take(events, 1);
  await notify(client, 'two');
  const [fresh] = await take(events, 1);
  assert.deepEqual([old.event, fresh.event], ['unread', 'new']);
  assert.deepEqual(old.data, unread);
  assert.notEqual(old.id, '');
  assert.equal((await client.notifications.markRead({ id: unread.id })).read, true);
  await events.return();
});

test('an Any shows its type', async (t) => {
  const { client } = await setUp(t);
  const events = client.channels.stream({ channel: 'general' }).events();
  const [joined] = await take(events, 1);
  assert.equal(joined.event, 'system');
  assert.deepEqual(joined.data.payload, {
    '@type': 'type.googleapis.com/realtime.v1.Joined',
    channel: 'general',
  });
  await client.channels.sendMessage({ channel: 'general', content: 'hi' });
  const [message] = await take(events, 1);
  assert.equal(message.data.payload['@type'], 'type.googleapis.com/realtime.v1.ChatMessage');
  assert.equal(message.data.payload.content, 'hi');
  await events.return();
});

test('no notification is lost or comes twice when the bridge is killed', async (t) => {
  const { bridge, client } = await setUp(t);
  await notify(client, 'a');
  const stream = client.notifications.stream();
  const events = stream.events();
  const seen = titles((await take(events, 1)).map(({ data }) => data));
  for (const round of ['b', 'c', 'd']) {
    const next = take(events, 2);
    await bridge.kill();
    await until('the loss', () => stream.state === 'reconnecting');
    await bridge.start();
    await until('the bridge', () =>
      notify(client, `${round}1`).then(
        () => true,
        () => false,
      ),
    );
    await notify(client, `${round}2`);
    seen.push(...titles((await next).map(({ data }) => data)));
  }
  assert.deepEqual(seen, ['a', 'b1', 'b2', 'c1', 'c2', 'd1', 'd2']);
  stream.close();
});

test('a token that expires is renewed, and nothing is lost', async (t) => {
  const asked = [];
  const renewing = ({ refresh, error }) => {
    asked.push(refresh ? error.status : 'first');
    // The last one is to stay.
    return token('ann', EVERYTHING, asked.length < 3 ? 1.5 : 3600);
  };
  const { client, make } = await setUp(t);
  const stream = make({ token: renewing }).notifications.stream();
  t.after(() => stream.close());
  const seen = [];
  const done = (async () => {
    for await (const { title } of stream) seen.push(title);
  })();
  let sent = 0;
  while (asked.length < 3) {
    await notify(client, String(sent));
    sent += 1;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  await notify(client, String(sent));
  await until('all of them', () => seen.length > sent);
  assert.deepEqual(
    seen,
    Array.from({ length: sent + 1 }, (_, i) => String(i)),
  );
  assert.deepEqual(asked, ['first', 'UNAUTHENTICATED', 'UNAUTHENTICATED']);
  stream.close();
  await done;
});

test('a finished task ends its stream, and stays finished', async (t) => {
  const { client, make } = await setUp(t);
  const { task_id } = await client.tasks.create({});
  const stream = client.tasks.streamProgress({ task_id });
  const statuses = [];
  for await (const { status } of stream) {
    statuses.push(status);
    if (status === 'pending') await client.tasks.update({ task_id, status: 'running', progress: 0.5 });
    if (status === 'running') await client.tasks.update({ task_id, status: 'completed', progress: 1 });
  }
  assert.deepEqual(statuses, ['pending', 'running', 'completed']);
  const { fetch, calls } = watchedFetch();
  const again = make({ fetch }).tasks.streamProgress({ task_id }, { lastEventId: stream.lastEventId });
  for await (const update of again) assert.fail(JSON.stringify(update));
  assert.equal(calls.length, 1);
});

test('permanent errors are typed, and not tried again', async (t) => {
  const { make } = await setUp(t);
  const { fetch, calls } = watchedFetch();
  const client = make({ fetch });
  const read = (stream) => stream[Symbol.asyncIterator]().next();
  await assert.rejects(read(client.tasks.streamProgress({ task_id: 'none' })), {
    status: 'NOT_FOUND',
    httpStatus: 404,
  });
  await assert.rejects(read(client.prices.stream({ symbols: [] })), (error) => {
    assert.equal(error.status, 'INVALID_ARGUMENT');
    assert.deepEqual(
      error.fieldViolations.map(({ field }) => field),
      ['symbols'],
    );
    return true;
  });
  assert.equal(calls.length, 2);
  const stranger = make({ fetch, token: token('bob', {}) });
  await assert.rejects(read(stranger.metrics.stream()), { status: 'PERMISSION_DENIED' });
  await assert.rejects(stranger.notifications.create({ user_id: 'ann', title: 'x' }), {
    status: 'PERMISSION_DENIED',
  });
  await assert.rejects(read(make({ fetch, token: null }).notifications.stream()), {
    status: 'UNAUTHENTICATED',
  });
  assert.equal(calls.length, 5);
});

/** A proxy whose connections can be frozen: no byte, no end. */
async function freezer(t, target) {
  const { hostname, port } = new URL(target);
  const pairs = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    pairs.push([client, upstream]);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of pairs.flat()) socket.destroy();
    server.close();
  });
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    freeze() {
      for (const [client, upstream] of pairs) {
        client.unpipe();
        upstream.unpipe();
        upstream.pause();
      }
    },
  };
}

test('a network that falls silent is noticed, and nothing is lost', async (t) => {
  const { bridge, client, make } = await setUp(t, { bridge: ['--keep-alive', '300ms'] });
  const proxy = await freezer(t, bridge.address);
  const sleeper = make({ baseUrl: proxy.address, idleTimeoutMs: 2000 });
  await notify(client, 'before');
  const events = sleeper.notifications.stream()[Symbol.asyncIterator]();
  assert.deepEqual(titles(await take(events, 1)), ['before']);
  proxy.freeze();
  await notify(client, 'meanwhile');
  const after = take(events, 2);
  await notify(client, 'later');
  assert.deepEqual(titles(await after), ['meanwhile', 'later']);
  await events.return();
});

test('shared: many streams on one connection, each resumed', async (t) => {
  const { bridge, client, make } = await setUp(t);
  const { fetch, calls } = watchedFetch();
  const shared = make({ fetch }).shared();
  await notify(client, 'one');
  await client.channels.sendMessage({ channel: 'c', content: 'earlier' });
  const notifications = shared.notifications.stream();
  const news = notifications[Symbol.asyncIterator]();
  const chat = shared.channels.stream({ channel: 'c' })[Symbol.asyncIterator]();
  const [[first], [joined]] = await Promise.all([take(news, 1), take(chat, 1)]);
  assert.equal(first.title, 'one');
  assert.equal(joined.type, 'joined');
  assert.equal(calls.length, 1);
  assert.match(calls[0].url, /\/events\?connection=new&stream=.*&stream=/);

  const next = take(news, 2);
  await bridge.kill();
  await bridge.start();
  await until('the bridge', () =>
    notify(client, 'two').then(
      () => true,
      () => false,
    ),
  );
  await notify(client, 'three');
  assert.deepEqual(titles(await next), ['two', 'three']);
  assert.notEqual(notifications.lastEventId, '');

  // One may leave, the other goes on.
  await chat.return();
  const last = take(news, 1);
  await notify(client, 'four');
  assert.deepEqual(titles(await last), ['four']);
  await news.return();
});

test('shared: streams come to the open connection and go, and the others lose nothing', async (t) => {
  const { client, make } = await setUp(t);
  const { fetch, calls } = watchedFetch();
  const shared = make({ fetch }).shared();
  await notify(client, 'one');
  const seen = [];
  const states = [];
  const chat = shared.channels.stream(
    { channel: 'c' },
    {
      onEvent: ({ type, payload }) => seen.push(payload?.content ?? type),
      onState: ({ state }) => states.push(state),
    },
  );
  await until('the channel', () => seen.length === 1);
  let said = 0;
  let talking = true;
  t.after(() => {
    talking = false;
  });
  const talk = (async () => {
    while (talking) {
      await client.channels.sendMessage({ channel: 'c', content: String(said) });
      said += 1;
    }
  })();
  for (let round = 0; round < 5; round += 1) {
    const news = shared.notifications.stream();
    const [{ event, data }] = await take(news.events(), 1);
    assert.deepEqual([event, data.title], ['unread', 'one']);
    const prices = shared.prices.stream({ symbols: ['AAPL'] });
    const price = take(prices[Symbol.asyncIterator](), 1);
    await until('the prices', () => prices.state === 'live');
    await client.prices.publish({ symbol: 'AAPL', price: round + 1 });
    await price;
    news.close();
    prices.close();
    const before = said;
    await until('more talk', () => said > before + 3);
  }
  talking = false;
  await talk;
  await until('all of it', () => seen.length > said);
  assert.deepEqual(seen.slice(1), Array.from({ length: said }, (_, i) => String(i)));
  assert.deepEqual(states, ['connecting', 'live']);
  assert.equal(calls.filter(({ method }) => method === 'GET').length, 1, 'one connection');
  chat.close();
});

test('shared: events have their own names, and removed streams do not count', async (t) => {
  const { client, make } = await setUp(t, { bridge: ['--max-streams-per-subject', '2'] });
  const { fetch, calls } = watchedFetch();
  const shared = make({ fetch }).shared();
  await notify(client, 'one');
  const stays = shared.notifications.stream();
  const events = stays.events();
  const names = (await take(events, 1)).map(({ event }) => event);
  await notify(client, 'two');
  names.push(...(await take(events, 1)).map(({ event }) => event));
  assert.deepEqual(names, ['unread', 'new']);
  for (const channel of ['a', 'b', 'c']) {
    const chat = shared.channels.stream({ channel }, { onEvent() {} });
    await until(channel, () => chat.state === 'live');
    chat.close(); // and makes room for the next one, by the same request
  }
  assert.equal(calls.filter(({ method }) => method === 'GET').length, 1);
  stays.close();
});

test('shared: a connection of another user cannot be changed', async (t) => {
  const { bridge } = await setUp(t);
  const open = async (name) => {
    const stream = encodeURIComponent('n:/notifications/stream');
    const response = await fetch(`${bridge.address}/events?connection=new&stream=${stream}`, {
      headers: { Authorization: `Bearer ${token(name)}` },
    });
    assert.equal(response.status, 200);
    t.after(() => response.body.cancel());
    return response.headers.get('Sse-Connection');
  };
  const id = await open('ann');
  assert.match(id, /^[\w-]{20,}$/);
  const change = async (name) => {
    const response = await fetch(`${bridge.address}/events`, {
      method: 'POST',
      headers: name === undefined ? {} : { Authorization: `Bearer ${token(name)}` },
      body: new URLSearchParams({ connection: id, stream: 'c:/channels/c/stream' }),
    });
    return [response.status, (await response.json()).error?.status];
  };
  for (const name of ['bob', undefined]) assert.deepEqual((await change(name))[0] >= 400, true);
  assert.deepEqual(await change('bob'), [409, 'ABORTED']);
});

test('answers and errors have the id that the log has', async (t) => {
  const { client, make } = await setUp(t);
  const { requestId } = await client.tasks.create().withResponse();
  assert.match(requestId, /^[0-9a-f]{32}$/);
  const named = make({ headers: { 'X-Request-Id': 'mine-1' } });
  const error = await named.tasks.update({ task_id: 'none', status: 'running' }).catch((each) => each);
  assert.deepEqual([error.status, error.requestId], ['NOT_FOUND', 'mine-1']);
});

test('shared: a stream that is refused does not end the others', async (t) => {
  const { client, make } = await setUp(t);
  const shared = make().shared();
  const news = shared.notifications.stream()[Symbol.asyncIterator]();
  const first = take(news, 1);
  await notify(client, 'one');
  assert.deepEqual(titles(await first), ['one']);
  const refused = shared.prices.stream({ symbols: [] })[Symbol.asyncIterator]();
  await assert.rejects(refused.next(), { status: 'INVALID_ARGUMENT' });
  const second = take(news, 1);
  await notify(client, 'two');
  assert.deepEqual(titles(await second), ['two']);
  await news.return();
});

test('shared: a task that finishes ends its stream alone', async (t) => {
  const { client, make } = await setUp(t);
  const shared = make().shared();
  const { task_id } = await client.tasks.create({});
  const news = shared.notifications.stream()[Symbol.asyncIterator]();
  const pending = take(news, 1);
  const statuses = [];
  for await (const { status } of shared.tasks.streamProgress({ task_id })) {
    statuses.push(status);
    if (status === 'pending') await client.tasks.update({ task_id, status: 'failed', error: 'x' });
  }
  assert.deepEqual(statuses, ['pending', 'failed']);
  await notify(client, 'still');
  assert.deepEqual(titles(await pending), ['still']);
  await news.return();
});

test('a base path stands before every route, streams and shared ones too', async (t) => {
  const { bridge, make } = await setUp(t, { bridge: ['--base-path', '/realtime'] });
  const client = make({ baseUrl: `${bridge.address}/realtime/` });
  const news = client.shared().notifications.stream()[Symbol.asyncIterator]();
  const first = take(news, 1);
  await notify(client, 'one');
  assert.deepEqual(titles(await first), ['one']);
  await news.return();
  const unread = client.notifications.stream()[Symbol.asyncIterator]();
  assert.deepEqual(titles(await take(unread, 1)), ['one']);
  await unread.return();
});

test('shared: what anybody may read needs no token', async (t) => {
  const { client, make } = await setUp(t);
  const prices = make({ token: undefined }).shared().prices.stream({ symbols: ['AAPL'] });
  const first = take(prices[Symbol.asyncIterator](), 1);
  await client.prices.publish({ symbol: 'AAPL', price: 3 });
  assert.equal((await first)[0].symbol, 'AAPL');
  prices.close();
});

before(() => {
  for (const name of ['SSE_BRIDGE_PROGRAM', 'SSE_BRIDGE_BACKENDS']) {
    assert(process.env[name], `${name} is not set`);
  }
});
