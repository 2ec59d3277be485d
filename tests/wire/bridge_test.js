// The bridge with the five services has everything that the suite asks for.
import assert from 'node:assert';
import {execFileSync} from 'node:child_process';
import path from 'node:path';
import {test} from 'node:test';

import {Bridge, EVERYTHING, startBackends, temporaryDirectory, token} from '../client/testing/processes.js';
import {kGroups} from './checks/index.js';
import {requestBytes} from './lib/trial.js';
import {makeTarget} from './lib/target.js';
import {Connection} from './lib/connection.js';
import {Response} from './lib/response.js';
import {assertPasses, check} from './testing/run.js';

const kOrigin = 'https://page.example';
const kTask = 'done';

// What the bridge may leave out; what it offers must be right.
const kOptional = ['compression', 'http2', 'http2-requests'];
const optional = Object.fromEntries(
  kGroups
    .filter(({group}) => kOptional.includes(group))
    .flatMap(({checks}) => checks.map(({name}) => [name, ['pass', 'not offered']])),
);

function optionsFor(url) {
  const headers = {Authorization: `Bearer ${token('wire')}`};
  return {
    url,
    insecure: true,
    patience: 60,
    origin: kOrigin,
    'end-event': 'grpc-status',
    'reset-event': 'reset',
    endless: '/prices/stream?symbols=AAPL&symbols=MSFT',
    quiet: '/prices/stream?symbols=QUIET',
    resumable: {path: '/notifications/stream', headers},
    publish: {method: 'POST', path: '/notifications', headers, body: {user_id: 'wire', title: '{n}'}},
    finite: {path: `/tasks/${kTask}/progress`, headers},
    failing: {path: '/prices/stream?symbols=AAPL', headers: {'Grpc-Timeout': '500m'}},
    unary: {method: 'POST', path: '/prices', headers, body: {symbol: 'WIRE', price: 1}},
    error: [
      {path: '/no/such/path', status: 404},
      {path: '/notifications/stream', status: 401},
      {path: '/notifications/stream', headers: {Authorization: `Bearer ${token('wire', {})}`}, status: 403},
      {path: '/prices/stream', status: 400},
      {method: 'POST', path: '/prices/stream', body: '{', status: 400},
      {path: '/tasks/unknown/progress', headers, status: 404},
      {path: '/prices/stream?symbols=A', headers: {Accept: 'image/png'}, status: 406},
    ],
  };
}

// A call that must succeed, over TLS too.
async function post(options, requestPath, body) {
  const target = makeTarget(options);
  const connection = await Connection.open(target);
  const headers = {Authorization: `Bearer ${token('wire', EVERYTHING)}`};
  connection.write(requestBytes(target, {method: 'POST', path: requestPath, headers, body}));
  const response = await new Response(connection, {deadline: Date.now() + 60_000}).readHead();
  assert.equal(response.status, 200, requestPath);
  connection.destroy();
}

async function keepsEveryRule(t, bridgeOptions, exceptions) {
  const backends = await startBackends(t, {options: ['--simulate-market', '--market-interval=20ms']});
  const bridge = new Bridge(t, backends.address, [
    '--cors-origin',
    kOrigin,
    '--keep-alive',
    '1s',
    ...bridgeOptions,
  ]);
  await bridge.start();
  const options = optionsFor(bridge.address);
  await post(options, '/tasks', {task_id: kTask, message: 'm'});
  await post(options, `/tasks/${kTask}`, {status: 'completed', progress: 1});
  // None of these refusals is a matter of time.
  const outcomes = {'error-retry-after': ['not offered'], ...optional, ...exceptions};
  assertPasses(await check(options), outcomes);
}

test('the bridge keeps every rule', (t) => keepsEveryRule(t, []));

test('the bridge keeps every rule over TLS', (t) => {
  const directory = temporaryDirectory(t);
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    {stdio: 'ignore'},
  );
  // A half-closed TLS connection counts as closed.
  return keepsEveryRule(t, ['--tls-cert', certificate, '--tls-key', key], {
    'request-half-closed': ['not offered'],
  });
});
