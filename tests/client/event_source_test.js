// Clients that nobody here has written: the `eventsource` package under Node,
// and curl.
import assert from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { EventSource } from 'eventsource';

import { startServices, token, until } from './testing/processes.js';

const BEARER = `Bearer ${token('ann')}`;

async function post(bridge, path, body) {
  const response = await fetch(bridge.address + path, {
    method: 'POST',
    headers: { Authorization: BEARER },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

const notify = (bridge, title) => post(bridge, '/notifications', { user_id: 'ann', title });

/** An EventSource; `statuses` are those of its answers. */
function listen(t, bridge, path, names) {
  const statuses = [];
  const source = new EventSource(bridge.address + path, {
    fetch: async (url, init) => {
      const headers = { ...init.headers, Authorization: BEARER };
      const response = await fetch(url, { ...init, headers });
      statuses.push(response.status);
      return response;
    },
  });
  t.after(() => source.close());
  const events = [];
  for (const name of names) {
    source.addEventListener(name, ({ type, data, lastEventId }) =>
      events.push({ name: type, id: lastEventId, data: JSON.parse(data) }),
    );
  }
  return { source, statuses, events };
}

test('eventsource: names, ids, and nothing is lost when the bridge is killed', async (t) => {
  const bridge = await startServices(t);
  await notify(bridge, 'one');
  const { events } = listen(t, bridge, '/notifications/stream', ['unread', 'new']);
  await until('the first', () => events.length === 1);
  await notify(bridge, 'two');
  await until('the second', () => events.length === 2);
  await bridge.kill();
  await bridge.start();
  await until('the bridge', () => notify(bridge, 'three').then(() => true, () => false));
  await until('the third', () => events.length === 3);
  assert.deepEqual(
    events.map(({ name, data }) => `${name} ${data.title}`),
    ['unread one', 'new two', 'new three'],
  );
  assert.equal(new Set(events.map(({ id }) => id)).size, 3);
});

test('eventsource: a finished task is asked for once more, and 204 ends it', async (t) => {
  const bridge = await startServices(t);
  await post(bridge, '/tasks', { task_id: 'short' });
  const path = '/tasks/short/progress';
  const { source, statuses, events } = listen(t, bridge, path, ['message', 'grpc-status']);
  await until('the task', () => events.length === 1);
  await post(bridge, '/tasks/short', { status: 'completed', progress: 1 });
  await until('the end', () => source.readyState === EventSource.CLOSED);
  assert.deepEqual(statuses, [200, 204]);
  assert.deepEqual(
    events.map(({ data }) => data.status ?? data.code),
    ['pending', 'completed', 0],
  );
});

test('eventsource: a stream that has ended is not read again', async (t) => {
  const bridge = await startServices(t);
  await post(bridge, '/tasks', { task_id: 'bundled' });
  // The position to resume after is not the whole truth here: the end is.
  const path = `/events?stream=${encodeURIComponent('/tasks/bundled/progress')}`;
  const { source, statuses, events } = listen(t, bridge, path, ['progress', 'grpc-status']);
  await until('the task', () => events.length === 1);
  await post(bridge, '/tasks/bundled', { status: 'failed', error: 'no' });
  await until('the end', () => source.readyState === EventSource.CLOSED);
  assert.deepEqual(statuses, [200, 204]);
  assert.match(events.at(-1).id, /^progress=sse-bridge:end\.0\.[0-9a-f]{16}$/);
});

test('curl -N shows each event when it is there', async (t) => {
  const bridge = await startServices(t);
  const url = `${bridge.address}/channels/c/stream`;
  const curl = spawn('curl', ['-sN', '-H', `Authorization: ${BEARER}`, url]);
  t.after(() => curl.kill('SIGKILL'));
  // Listened for from the start: curl may end before anybody waits for it.
  const closed = once(curl, 'close');
  let out = '';
  curl.stdout.on('data', (data) => {
    out += data;
  });
  await until('who joined', () => /event: system\n(id: .*\n)?data: .*"joined"/.test(out));
  await post(bridge, '/channels/c/messages', { content: 'hi' });
  await until('the message', () => /event: message\n(id: .*\n)?data: .*"hi"/.test(out));
  await bridge.kill();
  await closed;
  assert.match(out, /^retry: \d+\n: open\n\n/);
});
