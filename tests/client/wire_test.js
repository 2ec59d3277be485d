// What the runtime makes of each thing that can come off the wire: against a
// server that says exactly that.
import assert from 'node:assert';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';

import { installed, load, take } from './testing/clients.js';

const FAST = { baseMs: 1, maxMs: 5 };

/** `answers[i]` answers the i-th request; the last one all that follow. */
async function setUp(t, answers, options = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1](response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { createClient, BridgeError, Code } = await load(installed(t));
  const client = createClient({
    baseUrl: `http://127.0.0.1:${server.address().port}`,
    reconnect: FAST,
    ...options,
  });
  return { client, requests, BridgeError, Code };
}

const stream = (...chunks) => (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (const chunk of chunks) response.write(chunk);
  response.end();
};
const open = (...chunks) => (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.flushHeaders();
  for (const chunk of chunks) response.write(chunk);
};
const refuse = (http, status, headers = {}) => (response) => {
  response.writeHead(http, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { code: http, status, message: 'as told', details: [] } }));
};
const noContent = (response) => response.writeHead(204).end();

const price = (symbol, id) =>
  `${id === undefined ? '' : `id: ${id}\n`}data: {"symbol":"${symbol}"}\n\n`;
const OK = 'event: grpc-status\ndata: {"code":0,"message":""}\n\n';
const ended = (code) => `event: grpc-status\ndata: {"code":${code},"message":"as told"}\n\n`;

async function symbols(events) {
  const all = [];
  for await (const { symbol } of events) all.push(symbol);
  return all;
}

test('a stream ends with its status OK', async (t) => {
  const { client, requests } = await setUp(t, [stream(price('A'), price('B'), OK)]);
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] })), ['A', 'B']);
  assert.equal(requests.length, 1);
  assert.equal(requests[0].method, 'POST');
  assert.equal(requests[0].headers.accept, 'text/event-stream');
});

test('204 ends a stream, and nobody comes back', async (t) => {
  const { client, requests } = await setUp(t, [noContent]);
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] })), []);
  assert.equal(requests.length, 1);
});

test('a lost connection is opened again after the last event', async (t) => {
  const { client, requests } = await setUp(t, [
    stream(price('A', '1'), price('B', '2')),
    stream('retry: 1\n', price('C', '3')),
    stream(OK),
  ]);
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] })), ['A', 'B', 'C']);
  assert.deepEqual(
    requests.map((each) => each.headers['last-event-id']),
    [undefined, '2', '3'],
  );
});

test('events come whole however they are cut', async (t) => {
  const bytes = Buffer.from(`${price('Ä€😀', 'ü')}${OK}`);
  const slowly = async (response) => {
    open()(response);
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    response.end();
  };
  const { client } = await setUp(t, [slowly]);
  const events = [];
  for await (const event of client.prices.stream({ symbols: ['A'] }).events()) events.push(event);
  assert.deepEqual(events, [{ event: 'message', id: 'ü', data: { symbol: 'Ä€😀' } }]);
});

for (const code of [3, 5, 7, 9, 11, 12, 13, 15, 16]) {
  test(`the status ${code} is permanent`, async (t) => {
    const { client, requests, BridgeError } = await setUp(t, [stream(price('A'), ended(code))]);
    const iterator = client.prices.stream({ symbols: ['A'] })[Symbol.asyncIterator]();
    assert.deepEqual(await iterator.next(), { done: false, value: { symbol: 'A' } });
    await assert.rejects(iterator.next(), (error) => {
      assert(error instanceof BridgeError);
      assert.equal(error.code, code);
      assert.equal(error.message, 'as told');
      return true;
    });
    assert.equal(requests.length, 1);
  });
}

for (const code of [1, 4, 8, 10, 14]) {
  test(`the status ${code} is tried again`, async (t) => {
    const { client, requests } = await setUp(t, [stream(ended(code)), stream(price('A'), OK)]);
    assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] })), ['A']);
    assert.equal(requests.length, 2);
  });
}

test('refusals are errors with a code, and 503 is tried again', async (t) => {
  const { client, requests, Code } = await setUp(t, [
    refuse(503, 'UNAVAILABLE', { 'Retry-After': '0' }),
    (response) => response.writeHead(502).end('<html>'),
    refuse(403, 'PERMISSION_DENIED'),
  ]);
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] })), {
    code: Code.PERMISSION_DENIED,
    status: 'PERMISSION_DENIED',
    httpStatus: 403,
  });
  assert.equal(requests.length, 3);
});

test('attempts can be limited, and errors judged otherwise', async (t) => {
  const { client, requests } = await setUp(t, [refuse(503, 'UNAVAILABLE')]);
  const reconnect = { ...FAST, maxAttempts: 2 };
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] }, { reconnect })), {
    status: 'UNAVAILABLE',
  });
  assert.equal(requests.length, 3);
  const never = { shouldReconnect: () => false };
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] }, { reconnect: never })));
  assert.equal(requests.length, 4);
});

test('an answer that is no event stream is an error', async (t) => {
  const page = (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('hi');
  const { client } = await setUp(t, [page]);
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] })), { status: 'UNKNOWN' });
});

test('a reset is told, and the id is forgotten', async (t) => {
  const { client, requests } = await setUp(t, [
    stream('event: reset\nid: \ndata: {"requested":"7","oldest":"9"}\n\n'),
    stream(OK),
  ]);
  const resets = [];
  const options = { lastEventId: '7', onReset: (reset) => resets.push(reset) };
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] }, options)), []);
  assert.deepEqual(resets, [{ requested: '7', oldest: '9' }]);
  assert.deepEqual(
    requests.map((each) => each.headers['last-event-id']),
    ['7', undefined],
  );
});

const AWAY = ': upstream is away\n\nevent: upstream\ndata: {"state":"away"}\n\n';
const BACK = 'event: upstream\ndata: {"state":"back"}\n\n';
const UNREADABLE = 'event: unreadable\nid: 2\ndata: {"code":15,"message":"no JSON"}\n\n';

test('an outage of the backend is a state, and no event', async (t) => {
  const { client } = await setUp(t, [
    stream(price('A', '1'), AWAY, BACK, price('B', '2'), AWAY),
    stream(AWAY, price('C', '3'), OK),
  ]);
  const states = [];
  const events = [];
  const handle = client.prices.stream(
    { symbols: ['A'] },
    {
      onEvent: ({ symbol }) => events.push(symbol),
      onState: ({ state, reason = 'well', lastEventId }) =>
        states.push(`${state} ${reason} ${lastEventId}`),
    },
  );
  await handle.done;
  assert.deepEqual(events, ['A', 'B', 'C']);
  assert.deepEqual(states, [
    'connecting well ',
    'live well ',
    'stale backend 1',
    'live well 1',
    'stale backend 2',
    'reconnecting ended 2',
    'reconnecting ended 2',
    'live well 2',
    'stale backend 2',
    // An event says as much as `back`, which a slow reader may miss.
    'live well 2',
    'closed done 3',
  ]);
});

test('an event that cannot be shown is told, and the stream goes on after it', async (t) => {
  const { client, requests } = await setUp(t, [
    stream(price('A', '1'), UNREADABLE),
    stream(price('B', '3'), OK),
  ]);
  const told = [];
  const options = { onUnreadable: ({ status, message }) => told.push([status, message]) };
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] }, options)), ['A', 'B']);
  assert.deepEqual(told, [['DATA_LOSS', 'no JSON']]);
  assert.equal(requests[1].headers['last-event-id'], '2');
  const again = await setUp(t, [stream(UNREADABLE, OK)]);
  assert.deepEqual(await symbols(again.client.prices.stream({ symbols: ['A'] })), []);
});

test('on a shared connection, what the bridge says of one stream is for that one', async (t) => {
  const named = (event, id, data) =>
    `event: ${event}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
  const { client, requests } = await setUp(t, [
    (response, request) => {
      const [a, b] = new URL(request.url, 'http://x').searchParams
        .getAll('stream')
        .map((each) => each.slice(0, each.indexOf(':')));
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(named('upstream', '', { stream: a, state: 'away' }));
      response.write(named('upstream', '', { stream: 'nobody', state: 'away' }));
      response.write(named('unreadable', `${b}=2`, { stream: b, code: 15, message: 'no JSON' }));
      response.write(named(b, `${b}=3`, { symbol: 'B' }));
      for (const stream of [a, b]) {
        response.write(named('grpc-status', '', { stream, code: 0, message: '' }));
      }
      response.end();
    },
  ]);
  const shared = client.shared();
  const log = [];
  const open = (name) =>
    shared.prices.stream(
      { symbols: [name] },
      {
        onEvent: ({ symbol }) => log.push(`${name} event ${symbol}`),
        onUnreadable: ({ status }) => log.push(`${name} unreadable ${status}`),
        onState: ({ state, reason }) => state === 'stale' && log.push(`${name} ${reason}`),
      },
    );
  const [a, b] = [open('A'), open('B')];
  await Promise.all([a.done, b.done]);
  assert.deepEqual(log.sort(), ['A backend', 'B event B', 'B unreadable DATA_LOSS']);
  assert.equal(a.lastEventId, '');
  assert.equal(b.lastEventId, '3');
  assert.equal(requests.length, 1);
});

test('a refused token is renewed once, also when many were refused', async (t) => {
  const check = (answer) => (response, request) =>
    (request.headers.authorization === 'Bearer new' ? answer : refuse(401, 'UNAUTHENTICATED'))(
      response,
    );
  const asked = [];
  const token = async ({ refresh }) => {
    asked.push(refresh);
    return refresh ? 'new' : 'old';
  };
  const { client } = await setUp(t, [check(stream(price('A'), OK))], { token });
  const all = [1, 2, 3].map(() => symbols(client.prices.stream({ symbols: ['A'] })));
  assert.deepEqual(await Promise.all(all), [['A'], ['A'], ['A']]);
  assert.deepEqual(asked, [false, true]);
});

test('a token that stays refused is an error', async (t) => {
  const { client, requests } = await setUp(t, [refuse(401, 'UNAUTHENTICATED')], {
    token: () => 'bad',
  });
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] })), {
    status: 'UNAUTHENTICATED',
  });
  assert.equal(requests.length, 2);
  await assert.rejects(client.prices.publish({ symbol: 'A', price: 1 }), {
    status: 'UNAUTHENTICATED',
  });
  assert.equal(requests.length, 4);
});

test('what the token callback throws ends the stream', async (t) => {
  const token = () => {
    throw new Error('signed out');
  };
  const { client, requests } = await setUp(t, [noContent], { token });
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] })), { message: 'signed out' });
  assert.equal(requests.length, 0);
});

test('a silent connection is given up', async (t) => {
  // However slow the machine: the end comes only to who has seen the event.
  const answer = (response, request) =>
    (request.headers['last-event-id'] === '1' ? stream(OK) : open(price('A', '1')))(response);
  const { client, requests } = await setUp(t, [answer]);
  const options = { idleTimeoutMs: 300 };
  assert.deepEqual(await symbols(client.prices.stream({ symbols: ['A'] }, options)), ['A']);
  assert(requests.length >= 2);
});

for (const [where, answer] of [
  ['before the answer', () => {}],
  ['while it waits for an event', open(price('A'))],
  ['between two attempts', refuse(503, 'UNAVAILABLE', { 'Retry-After': '3600' })],
]) {
  test(`abort ends a stream ${where}`, async (t) => {
    const { client } = await setUp(t, [answer]);
    const abort = new AbortController();
    const ending = symbols(client.prices.stream({ symbols: ['A'] }, { signal: abort.signal }));
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await assert.rejects(ending, { message: 'enough' });
  });
}

test('a signal that is aborted already opens nothing', async (t) => {
  const { client, requests } = await setUp(t, [noContent]);
  const signal = AbortSignal.abort();
  await assert.rejects(symbols(client.prices.stream({ symbols: ['A'] }, { signal })), {
    name: 'AbortError',
  });
  assert.equal(requests.length, 0);
});

test('close ends the loop without an error', async (t) => {
  const { client } = await setUp(t, [open(price('A'))]);
  const closing = client.prices.stream({ symbols: ['A'] });
  const seen = [];
  for await (const { symbol } of closing) {
    seen.push(symbol);
    setTimeout(() => closing.close(), 20);
  }
  assert.deepEqual(seen, ['A']);
  assert.equal(closing.state, 'closed');
});

test('leaving the loop closes the connection', async (t) => {
  let left;
  const gone = new Promise((resolve) => {
    left = resolve;
  });
  const answer = (response) => {
    open(price('A'))(response);
    response.on('close', left);
  };
  const { client } = await setUp(t, [answer]);
  for await (const { symbol } of client.prices.stream({ symbols: ['A'] })) {
    assert.equal(symbol, 'A');
    break;
  }
  await gone;
});

test('onEvent reads at once and tells data, event, state and end', async (t) => {
  const { client } = await setUp(t, [stream(price('A', '1'), OK)]);
  const seen = [];
  const states = [];
  const handle = client.prices.stream(
    { symbols: ['A'] },
    {
      onEvent: ({ symbol }, { id, event }) => seen.push([symbol, id, event]),
      onState: ({ state }) => states.push(state),
    },
  );
  await handle.done;
  assert.deepEqual(seen, [['A', '1', 'message']]);
  assert.deepEqual(states, ['connecting', 'live', 'closed']);
  assert.equal(handle.lastEventId, '1');
});

test('onError tells why a stream with onEvent failed', async (t) => {
  const { client } = await setUp(t, [refuse(404, 'NOT_FOUND')]);
  const error = await new Promise((resolve) => {
    client.prices.stream({ symbols: ['A'] }, { onEvent() {}, onError: resolve });
  });
  assert.equal(error.status, 'NOT_FOUND');
});

test('a stream can be read once', async (t) => {
  const { client } = await setUp(t, [stream(OK)]);
  const once = client.prices.stream({ symbols: ['A'] });
  await symbols(once);
  await assert.rejects(symbols(once), TypeError);
});

test('a slow reader is not overrun: the next event waits', async (t) => {
  const { client } = await setUp(t, [stream(price('A'), price('B'), OK)]);
  const iterator = client.prices.stream({ symbols: ['A'] })[Symbol.asyncIterator]();
  assert.deepEqual(await take(iterator, 5), [{ symbol: 'A' }, { symbol: 'B' }]);
});

test('requests are made by the routes: path, query, body', async (t) => {
  const json = (response) =>
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  const { client, requests } = await setUp(t, [json]);
  await client.channels.listMessages({ channel: 'a/b c', page_size: 3, page_token: 'x&y' });
  await client.channels.sendTyping({ channel: 'ü' });
  await client.tasks.update({ task_id: 't', status: 'running' }, { timeoutMs: 1500 });
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url}`),
    [
      'GET /channels/a%2Fb%20c/messages?page_size=3&page_token=x%26y',
      'POST /channels/%C3%BC/typing',
      'PATCH /tasks/t',
    ],
  );
  // What is left of it.
  const [, left] = requests[2].headers['grpc-timeout'].match(/^(\d+)m$/);
  assert(left > 0 && left <= 1500, left);
  for (const channel of ['', '.', '..', undefined]) {
    await assert.rejects(client.channels.listMembers({ channel }), TypeError);
  }
});
