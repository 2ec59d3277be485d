// createClient({tabs: true}) in real tabs: one connection for all of them, and
// when the tab that has it is killed, nobody loses an event or gets one twice.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {launch} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, post, startBackends, startBridge,
} from './support/programs.js';
import {Site} from './support/site.js';

const kTabs = 6;
const kKills = 10;

let browser;
let backends;
let bridge;

before(async () => {
  backends = await startBackends();
  bridge = await startBridge(backends.address);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

const notify = (user, title) =>
  post(bridge.url, '/notifications', fullToken('writer'), {user_id: user, title});

// Tabs of one browser profile that listen to the user's notifications.
class Tabs {
  static async open(t, user, count) {
    const site = await Site.start({bridge: () => bridge.url, token: () => fullToken(user)});
    const context = await browser.newContext();
    t.after(async () => {
      await context.close();
      site.stop();
    });
    const tabs = new Tabs(site, context);
    for (let i = 0; i < count; i += 1) await tabs.add();
    return tabs;
  }

  constructor(site, context) {
    this.site = site;
    this.context = context;
    this.pages = [];
  }

  async add() {
    const page = await this.context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('crash', () => { page.crashed = true; });
    await page.goto(`${this.site.url}/site/`);
    await page.waitForFunction(() => window.createClient !== undefined);
    await page.evaluate(() => {
      const client = window.createClient({
        baseUrl: location.origin,
        tabs: true,
        token: async () => (await fetch('/site/token')).text(),
        reconnect: {baseMs: 20, maxMs: 500},
      });
      window.titles = [];
      window.stream = client.notifications.stream({}, {
        onEvent: ({title}) => window.titles.push(title),
      });
    });
    await page.waitForFunction(() => window.stream.state === 'live');
    this.pages.push(page);
    return page;
  }

  titles() {
    return Promise.all(this.pages.map((page) => page.evaluate(() => window.titles)));
  }

  async hear(title) {
    await eventually(title, async () =>
      (await this.titles()).every((each) => each.includes(title)));
  }

  // The tab that holds the lock of the leader.
  async leader() {
    return eventually('a leader', async () => {
      for (const page of this.pages) {
        const leads = await page.evaluate(async () => {
          const {held} = await navigator.locks.query();
          const mine = (name) => held.find((each) => each.name.endsWith(name))?.clientId;
          const probe = `probe.${crypto.randomUUID()}`;
          return navigator.locks.request(probe, async () => {
            const {held: now} = await navigator.locks.query();
            const me = now.find((each) => each.name === probe).clientId;
            return mine('.leader') === me;
          });
        });
        if (leads) return page;
      }
      return undefined;
    });
  }

  // As if the tab's process had been killed: nobody is told.
  async kill(page) {
    this.pages.splice(this.pages.indexOf(page), 1);
    const session = await this.context.newCDPSession(page);
    session.send('Page.crash').catch(() => {});
    await eventually('the crash', () => page.crashed);
  }
}

test(`${kTabs} tabs have one connection; the leader is killed ${kKills} times under events`, async (t) => {
  const tabs = await Tabs.open(t, 'many', kTabs);
  const said = [];
  let writing = true;
  const writer = (async () => {
    while (writing) {
      const title = String(said.length);
      await notify('many', title);
      said.push(title);
      await sleep(20);
    }
  })();
  t.after(() => { writing = false; });
  for (let kill = 0; kill < kKills; kill += 1) {
    assert.equal(tabs.site.streams, 1, 'one connection for all tabs');
    const before = said.length;
    await tabs.kill(await tabs.leader());
    await eventually('more events', () => said.length > before + 5);
    await tabs.add();
    await tabs.hear(said.at(-1));
    await eventually('the old connection to end', () => tabs.site.streams === 1);
  }
  writing = false;
  await writer;
  await notify('many', 'last');
  said.push('last');
  await tabs.hear('last');
  for (const titles of await tabs.titles()) {
    // A tab that came later begins with what was unread then: all of it.
    assert.deepEqual(titles, said);
  }
});

test('a tab that closes while it leads hands over to the others', async (t) => {
  const tabs = await Tabs.open(t, 'few', 2);
  await notify('few', 'one');
  await tabs.hear('one');
  const leader = await tabs.leader();
  tabs.pages.splice(tabs.pages.indexOf(leader), 1);
  await leader.close();
  await notify('few', 'two');
  await tabs.hear('two');
  assert.deepEqual(await tabs.titles(), [['one', 'two']]);
  assert.equal(tabs.site.streams, 1);
});

test('a tab that is left for another page and comes back goes on', async (t) => {
  const tabs = await Tabs.open(t, 'back', 2);
  await notify('back', 'one');
  await tabs.hear('one');
  const leader = await tabs.leader();
  await leader.evaluate(() => { sessionStorage.left = 'yes'; });
  await leader.goto('about:blank');
  const others = tabs.pages.filter((page) => page !== leader);
  await notify('back', 'two');
  await eventually('two', () => others[0].evaluate(() => window.titles.length === 2));
  await leader.goBack();
  // From the back/forward cache, or loaded again.
  await leader.waitForFunction(() => window.createClient !== undefined);
  if (await leader.evaluate(() => window.stream !== undefined)) {
    await tabs.hear('two');
    assert.deepEqual(await tabs.titles(), [['one', 'two'], ['one', 'two']]);
  }
  assert.equal(tabs.site.streams, 1);
});
