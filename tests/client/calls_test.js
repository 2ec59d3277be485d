// Unary calls: deadlines, interceptors, headers, details of errors.
import assert from 'node:assert';
import { test } from 'node:test';

import { installed, load } from './testing/clients.js';
import { refuse, respond, startServer } from './testing/server.js';

async function setUp(t, answer, options = {}) {
  const server = await startServer(t, answer);
  const { createClient, BridgeError, Code, retry } = await load(installed(t));
  const make = (more = {}) => createClient({ baseUrl: server.address, ...options, ...more });
  return { ...server, client: make(), make, BridgeError, Code, retry };
}

const ok = (request, response) => respond(response, 200, { symbol: 'A' }, { 'X-Request-Id': 'r1' });
const publish = (client, options) => client.prices.publish({ symbol: 'A', price: 1 }, options);

test('a result has the headers of its response and the id of the request', async (t) => {
  const { client } = await setUp(t, ok);
  assert.deepEqual(await publish(client), { symbol: 'A' });
  const { data, headers, requestId, httpStatus } = await publish(client).withResponse();
  assert.deepEqual(data, { symbol: 'A' });
  assert.equal(headers.get('content-type'), 'application/json');
  assert.deepEqual([requestId, httpStatus], ['r1', 200]);
  let meta;
  await publish(client, {
    onResponse: (each) => {
      meta = each;
    },
  });
  assert.equal(meta.requestId, 'r1');
});

test('an error has them too, and its details by type', async (t) => {
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'CLOSED', domain: 'd' },
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: 'price', description: 'no' }],
    },
  ];
  const { client, BridgeError } = await setUp(t, (request, response) =>
    refuse(response, 400, 'INVALID_ARGUMENT', { details }, { 'X-Request-Id': 'r2', 'X-Rate': '5' }),
  );
  const failing = publish(client);
  await assert.rejects(failing.withResponse());
  const error = await failing.catch((each) => each);
  assert(error instanceof BridgeError);
  assert.equal(error.requestId, 'r2');
  assert.equal(error.headers.get('x-rate'), '5');
  assert.equal(error.detail('google.rpc.ErrorInfo').reason, 'CLOSED');
  assert.equal(error.detail('google.rpc.Help'), undefined);
  assert.deepEqual(error.fieldViolations, [{ field: 'price', description: 'no' }]);
});

test('timeoutMs is a deadline in the client too', async (t) => {
  const never = () => {};
  const { client, make, Code } = await setUp(t, never);
  const late = { code: Code.DEADLINE_EXCEEDED, message: 'no answer within 30 ms' };
  await assert.rejects(publish(client, { timeoutMs: 30 }), late);
  await assert.rejects(publish(make({ timeoutMs: 30 })), late);
});

test('the deadline covers the body, the token and the interceptors', async (t) => {
  const half = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write('{"symbol":');
  };
  const { client, make, Code } = await setUp(t, half);
  const late = { code: Code.DEADLINE_EXCEEDED };
  await assert.rejects(publish(client, { timeoutMs: 30 }), late);
  const never = () => new Promise(() => {});
  await assert.rejects(publish(make({ token: never, timeoutMs: 30 })), late);
  await assert.rejects(publish(make({ interceptors: [never], timeoutMs: 30 })), late);
});

test('the bridge is told how much of the deadline is left', async (t) => {
  const { make, requests } = await setUp(t, (request, response, number) =>
    number === 1 ? refuse(response, 401, 'UNAUTHENTICATED') : ok(request, response),
  );
  const token = async ({ refresh }) => {
    if (refresh) await new Promise((resolve) => setTimeout(resolve, 50));
    return 'x';
  };
  await publish(make({ token }), { timeoutMs: 60_000 });
  const [first, second] = requests.map(({ headers }) => parseInt(headers['grpc-timeout'], 10));
  assert(first <= 60_000 && second <= first - 45, `${first} ${second}`);
});

test('the signal of the caller ends a call with its own reason', async (t) => {
  const { client } = await setUp(t, () => {});
  const abort = new AbortController();
  const calling = publish(client, { signal: abort.signal, timeoutMs: 60_000 });
  abort.abort(new Error('enough'));
  await assert.rejects(calling, { message: 'enough' });
});

test('a call that answers in time leaves no timer', async (t) => {
  const { client } = await setUp(t, ok);
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  await publish(client, { timeoutMs: 3_600_000 });
  assert(timers() <= before + 1, 'only those of the connection');
});

test('interceptors see requests and responses, the first one outermost', async (t) => {
  const log = [];
  const named = (name) => async (request, next) => {
    log.push(`${name} asks ${request.kind} ${request.method} ${request.message.symbol}`);
    const response = await next({ ...request, headers: { ...request.headers, [`X-${name}`]: '1' } });
    log.push(`${name} gets ${response.status}`);
    return response;
  };
  const { client, requests } = await setUp(t, ok, { interceptors: [named('A'), named('B')] });
  await publish(client);
  assert.deepEqual(log, [
    'A asks call realtime.v1.Prices/PublishPrice A',
    'B asks call realtime.v1.Prices/PublishPrice A',
    'B gets 200',
    'A gets 200',
  ]);
  assert.equal(requests[0].headers['x-a'] + requests[0].headers['x-b'], '11');
});

test('interceptors see each connection of a stream', async (t) => {
  const asked = [];
  const { make } = await setUp(t, (request, response, number) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(number === 1 ? '' : 'event: grpc-status\ndata: {"code":0}\n\n');
  });
  const client = make({
    reconnect: { baseMs: 1 },
    interceptors: [
      (request, next) => {
        asked.push(`${request.kind} ${request.method}`);
        return next(request);
      },
    ],
  });
  await client.prices.stream({ symbols: ['A'] }).start();
  assert.deepEqual(asked, Array(2).fill('stream realtime.v1.Prices/StreamPrices'));
});

test('retry repeats what reads, and what the caller says may be repeated', async (t) => {
  let failures = 2;
  const { make, requests, retry, Code } = await setUp(t, (request, response) => {
    failures -= 1;
    if (failures >= 0) refuse(response, 503, 'UNAVAILABLE', {}, { 'Retry-After': '0' });
    else respond(response, 200, {});
  });
  const quick = { baseMs: 1, maxMs: 1 };
  const client = make({ interceptors: [retry(quick)] });
  await client.channels.listMembers({ channel: 'c' });
  assert.equal(requests.length, 3);
  failures = 1;
  await assert.rejects(publish(client), { code: Code.UNAVAILABLE });
  assert.equal(requests.length, 4);
  const brave = make({ interceptors: [retry({ ...quick, isIdempotent: () => true })] });
  failures = 1;
  await publish(brave);
  assert.equal(requests.length, 6);
  failures = 100;
  await assert.rejects(publish(brave), { code: Code.UNAVAILABLE });
  assert.equal(requests.length, 9, 'three attempts');
});

test('without an address, a call and a stream say so at once', async (t) => {
  const { createClient } = await load(installed(t));
  const client = createClient();
  const reason = { name: 'TypeError', message: /baseUrl is missing/ };
  await assert.rejects(publish(client), reason);
  await assert.rejects(client.prices.stream({ symbols: ['A'] })[Symbol.asyncIterator]().next(), reason);
  const stream = client.shared().prices.stream({ symbols: ['A'] });
  await assert.rejects(stream.start(), reason);
  assert.equal(stream.status.reason, 'failed');
  assert.throws(() => createClient({ baseUrl: 'no address' }), TypeError);
});
