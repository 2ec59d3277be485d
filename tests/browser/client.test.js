// The generated client in a page of somebody's site: what happens to a laptop
// on a bad day, and no event is lost.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, kEverything, post, root, startBackends, startBridge,
  startForeignBackend, temporaryDirectory, token,
} from './support/programs.js';
import {Site} from './support/site.js';

// How long the network is away. The sleep of a laptop is 30 s.
const kCutSeconds = Number(process.env.SSE_CUT_SECONDS ?? 4);

let browser;
let backends;
let bridge;

before(async () => {
  backends = await startBackends();
  bridge = await startBridge(backends.address, {options: ['--auth-leeway', '0s']});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

const notify = (user, title) =>
  post(bridge.url, '/notifications', fullToken('writer'), {user_id: user, title});

// A page of the site that listens to the user's notifications and to the
// channel "site", each by a stream of its own or both by one.
async function page(t, user, {give = () => fullToken(user), shared = false} = {}) {
  const site = await Site.start({bridge: () => bridge.url, token: give});
  t.after(() => site.stop());
  const opened = await open(browser, site.url, {path: '/site/'});
  t.after(() => opened.context().close());
  await opened.waitForFunction(() => window.createClient !== undefined);
  await opened.evaluate((together) => {
    const token = async () => (await fetch('/site/token')).text();
    const made = window.createClient({
      baseUrl: location.origin, token, reconnect: {baseMs: 20, maxMs: 500},
    });
    const client = together ? made.shared() : made;
    window.heard = {notifications: [], channel: [], failed: []};
    const onError = (error) => window.heard.failed.push(String(error));
    window.streams = [
      client.notifications.stream({}, {
        onEvent: ({title}) => window.heard.notifications.push(title), onError,
      }),
      client.channels.stream({channel: 'site'}, {
        onEvent: ({type, payload}) => {
          if (type === 'joined') window.joined = true;
          if (type === 'message') window.heard.channel.push(payload.content);
        }, onError,
      }),
    ];
  }, shared);
  await opened.waitForFunction(() => window.joined);
  const heard = () => opened.evaluate(() => window.heard);
  return {
    site,
    page: opened,
    // Everything that was said came, once and in order.
    async hears(titles, said) {
      await eventually(`${titles} and ${said}`, async () => {
        const {notifications, channel, failed} = await heard();
        assert.deepEqual(failed, []);
        return notifications.length >= titles.length && channel.length >= said.length;
      });
      assert.deepEqual(await heard(), {notifications: titles, channel: said, failed: []});
    },
    say: (content) =>
      post(bridge.url, '/channels/site/messages', fullToken('speaker'), {content}),
  };
}

async function bridgeIsKilled(t, options) {
  const user = `killed${options.shared ? '-shared' : ''}`;
  const {hears, say} = await page(t, user, options);
  const titles = [];
  const said = [];
  const both = async (text) => {
    await notify(user, text);
    titles.push(text);
    await say(text);
    said.push(text);
  };
  await both('first');
  await hears(titles, said);
  const listen = new URL(bridge.url).host;
  for (const round of ['a', 'b', 'c']) {
    await bridge.kill();
    // What comes meanwhile comes by another bridge.
    bridge = await startBridge(backends.address);
    await both(`${round}, meanwhile`);
    await bridge.kill();
    bridge = await startBridge(backends.address, {listen, options: ['--auth-leeway', '0s']});
    await both(`${round}, afterwards`);
    await hears(titles, said);
  }
}

test('the bridge is killed and started again, three times', (t) => bridgeIsKilled(t, {}));
test('the same on one shared connection', (t) => bridgeIsKilled(t, {shared: true}));

test('tokens expire and are renewed', async (t) => {
  const short = (count) => token('expiring', {...kEverything, seconds: count < 7 ? 2 : 3600});
  const {site, hears, say} = await page(t, 'expiring', {give: short});
  const titles = [];
  const said = [];
  while (site.tokens < 7) {
    const text = String(titles.length);
    await notify('expiring', text);
    titles.push(text);
    await say(text);
    said.push(text);
    await sleep(50);
  }
  await hears(titles, said);
});

test(`the network is cut for ${kCutSeconds} s without a word`, async (t) => {
  const {site, hears, say} = await page(t, 'asleep');
  await notify('asleep', 'before');
  await say('before');
  await hears(['before'], ['before']);
  site.silence();
  await notify('asleep', 'meanwhile');
  await say('meanwhile');
  await sleep(kCutSeconds * 1000);
  site.wake();
  await notify('asleep', 'after');
  await say('after');
  await hears(['before', 'meanwhile', 'after'], ['before', 'meanwhile', 'after']);
});

test("somebody else's schema: generated, and streamed into a page", async (t) => {
  const out = temporaryDirectory();
  execFileSync(join(root, 'scripts/gen.sh'),
    ['--proto-dir', join(root, 'tests/foreign/proto'), '--out', out]);
  const backend = await startForeignBackend();
  const foreign = await startBridge(backend.address, {
    options: ['--descriptor-set', join(out, 'descriptors/schema.binpb')],
  });
  const site = await Site.start({
    bridge: () => foreign.url, token: () => fullToken('ann'), client: join(out, 'ts'),
  });
  t.after(() => site.stop());
  const opened = await open(browser, site.url, {path: '/site/'});
  t.after(() => opened.context().close());
  await opened.waitForFunction(() => window.createClient !== undefined);
  assert.deepEqual(await opened.evaluate(async () => {
    const client = window.createClient({baseUrl: location.origin});
    const numbers = [];
    for await (const {count} of client.telescopes.count({to: 5})) numbers.push(count);
    return numbers;
  }), ['1', '2', '3', '4', '5']);
});
