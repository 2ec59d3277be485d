// eventSource(): an EventSource with tickets that survives reconnects, restarts
// of the bridge, and the end of the token. The EventSource is npm's; it keeps
// cookies, as browsers do.
import assert from 'node:assert';
import { test } from 'node:test';

import { EventSource } from 'eventsource';

import { installed, load } from './testing/clients.js';
import { EVERYTHING, startServices, token, until } from './testing/processes.js';

/** EventSource with cookies; `asked` has the URLs, `statuses` the answers. */
function browser() {
  const cookies = new Map();
  const asked = [];
  const statuses = [];
  class CookieEventSource extends EventSource {
    constructor(url, options) {
      const withCookies = async (each, init) => {
        asked.push(String(each));
        const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const response = await fetch(each, { ...init, headers: { ...init.headers, Cookie } });
        const { headers } = response; // getSetCookie is missing in Debian 12's Node
        const lines = headers.getSetCookie?.() ?? [headers.get('set-cookie') ?? ''];
        for (const line of lines.filter(Boolean)) {
          const [name, value] = line.split(';')[0].split('=');
          cookies.set(name, value);
        }
        statuses.push(response.status);
        return response;
      };
      super(url, { ...options, fetch: withCookies });
    }
  }
  return { EventSource: CookieEventSource, asked, statuses };
}

async function setUp(t, options = {}) {
  const bridge = await startServices(t);
  const { createClient, eventSource } = await load(installed(t));
  const make = (more = {}) =>
    createClient({ baseUrl: bridge.address, token: token('ann'), reconnect: { baseMs: 20, maxMs: 200 }, ...options, ...more });
  const client = make();
  const { EventSource: Source, asked, statuses } = browser();
  const listen = (stream) => {
    const source = eventSource(stream, { EventSource: Source });
    t.after(() => source.close());
    const titles = [];
    for (const name of ['unread', 'new']) {
      source.addEventListener(name, ({ data }) => titles.push(JSON.parse(data).title));
    }
    return { source, titles };
  };
  const notify = (title) => client.notifications.create({ user_id: 'ann', title });
  return { bridge, client, make, listen, notify, asked, statuses };
}

test('it opens with a ticket, and reconnects when the bridge is started again', async (t) => {
  const { bridge, client, listen, notify, asked } = await setUp(t);
  await notify('one');
  const { source, titles } = listen(client.notifications.stream());
  await until('the first', () => titles.length === 1);
  assert.match(asked[0], /\/notifications\/stream\?ticket=/);
  assert.equal(source.readyState, 1);
  for (const round of ['two', 'three']) {
    await bridge.kill();
    await bridge.start(); // which knows no ticket of the one before
    await until('the bridge', () => notify(round).then(() => true, () => false));
    await until('the next', () => titles.at(-1) === round);
  }
  assert.deepEqual(titles, ['one', 'two', 'three']);
  assert.notEqual(source.lastEventId, '');
  assert(new Set(asked.map((each) => new URL(each).searchParams.get('ticket'))).size >= 3);
});

test('it goes on with a new token when the old one has expired', async (t) => {
  const { make, listen, notify } = await setUp(t);
  let asked = 0;
  const renewing = () => {
    asked += 1;
    return token('ann', EVERYTHING, asked < 3 ? 2 : 3600);
  };
  const { titles } = listen(make({ token: renewing }).notifications.stream());
  let sent = 0;
  while (asked < 3) {
    await notify(String(sent));
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await notify(String(sent));
  await until('all', () => titles.length > sent);
  assert.deepEqual(titles, Array.from({ length: sent + 1 }, (_, i) => String(i)));
});

test('it says why when it cannot go on', async (t) => {
  const { make, client, listen, asked } = await setUp(t);
  const closed = (source) =>
    new Promise((resolve) => {
      source.addEventListener('error', ({ error }) => {
        if (source.readyState === 2) resolve(error);
      });
    });
  const stranger = listen(make({ token: token('bob', {}) }).metrics.stream()).source;
  assert.equal((await closed(stranger)).status, 'PERMISSION_DENIED');
  const nobody = listen(make({ token: 'bad' }).notifications.stream()).source;
  assert.equal((await closed(nobody)).status, 'UNAUTHENTICATED');
  const before = asked.length;
  await client.tasks.create({ task_id: 'short' });
  const { source } = listen(client.tasks.streamProgress({ task_id: 'short' }));
  const seen = [];
  source.onmessage = ({ data }) => seen.push(JSON.parse(data).status);
  await until('the task', () => seen.length === 1);
  await client.tasks.update({ task_id: 'short', status: 'completed', progress: 1 });
  assert.equal(await closed(source), undefined);
  assert.deepEqual(seen, ['pending', 'completed']);
  assert.equal(asked.length, before + 2, 'the end is asked for once more');
});

test('what anybody may read needs no ticket', async (t) => {
  const { make, client, listen, asked } = await setUp(t);
  const { source } = listen(make({ token: null }).prices.stream({ symbols: ['A'] }));
  const prices = [];
  source.addEventListener('message', ({ data }) => prices.push(JSON.parse(data).price));
  await until('open', () => source.readyState === 1);
  await client.prices.publish({ symbol: 'A', price: 3 });
  await until('the price', () => prices.at(-1) === 3);
  assert.doesNotMatch(asked[0], /ticket/);
  source.close();
  assert.equal(source.readyState, 2);
});
