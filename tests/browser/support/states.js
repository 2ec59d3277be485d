// The states of the pages, for the test with axe and for screenshots: each opens a
// page and waits until it shows what its name says.

import {open} from './browser.js';
import {
  cleanUp, eventually, fullToken, post, startBackends, startBridge, startForeignBackend, token,
} from './programs.js';

const kTelescopes = 'acme.observatory.v2.Telescopes';
const kWatch = {telescope: 'sites/oslo/telescopes/one', bands: ['radio']};
const kDescribe = {name: 'sites/oslo/telescopes/one'};

// The programs that the states need.
export class World {
  static async start() {
    const world = new World();
    world.backends = await startBackends({options: ['--market-interval=200ms']});
    world.bridge = await startBridge(world.backends.address);
    world.closed = await startBridge(world.backends.address, {options: ['--documents', 'authenticated']});
    const telescopes = await startForeignBackend();
    world.foreign = await startBridge(telescopes.address, {options: ['--reflect']});
    // Of the states in which a program is away.
    world.lossy = await startBackends({options: ['--market-interval=200ms']});
    world.lossyBridge = await startBridge(world.lossy.address);
    return world;
  }

  stop = cleanUp;

  async restoreBackends() {
    if (!this.lossy.isOver) return;
    this.lossy = await startBackends(
      {listen: this.lossy.address, options: ['--market-interval=200ms']});
  }

  async restoreBridge() {
    if (!this.lossyBridge.isOver) return;
    this.lossyBridge = await startBridge(this.lossy.address,
      {listen: new URL(this.lossyBridge.url).host});
  }
}

const dashboard = (browser, where, bearer, options) => open(browser, where.url, {token: bearer, ...options});

function explorer(browser, where, method, {request, more = '', bearer, ...options} = {}) {
  const fields = request === undefined ? '' : `request=${encodeURIComponent(JSON.stringify(request))}`;
  return open(browser, where.url, {
    path: `/explorer#${method}?${fields}${more}`, token: bearer, ...options,
  });
}

const priced = (page) => page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');

// A dashboard with something in each panel, and a task at its middle.
export async function fill(browser, {bridge}, page, user) {
  const bearer = fullToken(user);
  const bob = await open(browser, bridge.url, {token: fullToken('bob')});
  await eventually('both are in the channel', async () =>
    (await page.textContent('#members')).includes('bob'));
  const say = (who, content) =>
    post(bridge.url, '/channels/general/messages', fullToken(who), {content});
  await say(user, 'Is the new stream live?');
  await say('bob', 'Yes: one rpc in the .proto, nothing else.');
  await say(user, 'And it resumes after a reconnect.');
  for (const [title, body] of [
    ['Welcome', 'The bridge is up.'], ['Order 1042', 'Your order has left the warehouse.'],
    ['Invoice 88', 'Paid by card.']]) {
    await post(bridge.url, '/notifications', bearer, {user_id: user, type: 'info', title, body});
  }
  await page.waitForSelector('#notification-list li:nth-child(3)');
  await page.click('#start-task');
  await eventually('half of the task', () =>
    page.evaluate(() => document.getElementById('task-progress').value >= 0.5));
  await page.evaluate(() => document.activeElement.blur());
}

export const kStates = {
  async 'dashboard-no-token'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, undefined, options);
    await priced(page);
    return page;
  },
  async 'dashboard-not-a-token'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, 'this is no token', options);
    await priced(page);
    return page;
  },
  async 'dashboard-expired-token'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, token('ann', {seconds: -60}), options);
    await priced(page);
    return page;
  },
  async 'dashboard-refused-token'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, `${fullToken('ann')}AAAA`, options);
    await page.waitForSelector('#access[data-kind=refused]');
    await priced(page);
    return page;
  },
  async 'dashboard-token-lacks-scopes'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, token('carol'), options);
    await page.waitForSelector('#members :text("carol (you)")');
    await priced(page);
    return page;
  },
  async 'dashboard-read-only-token'(browser, {bridge}, options) {
    const bearer = token('ron', {scopes: ['notifications:read'], roles: ['admin']});
    const page = await dashboard(browser, bridge, bearer, options);
    await page.waitForSelector('#charts canvas');
    return page;
  },
  async 'dashboard-empty'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, fullToken('eve'), options);
    await page.fill('#symbol', 'NEW');
    await page.click('#add-symbol button');
    await page.fill('#channel-name', 'quiet');
    await page.click('#join button');
    await page.waitForSelector('[data-symbol=NEW].waiting');
    await page.waitForSelector('#members :text("eve (you)")');
    return page;
  },
  async 'dashboard-live'(browser, world, options) {
    const page = await dashboard(browser, world.bridge, fullToken('ann'), options);
    await page.waitForSelector('#members :text("ann (you)")');
    await fill(browser, world, page, 'ann');
    return page;
  },
  async 'dashboard-backend-away'(browser, world, options) {
    await world.restoreBridge();
    await world.restoreBackends();
    const page = await dashboard(browser, world.lossyBridge, fullToken('ann'), options);
    await page.waitForSelector('#charts canvas');
    await page.waitForSelector('#members :text("ann (you)")');
    await world.lossy.kill();
    await page.waitForSelector('#channel.stale');
    await page.waitForSelector('#metrics.stale');
    return page;
  },
  async 'dashboard-no-connection'(browser, world, options) {
    await world.restoreBackends();
    await world.restoreBridge();
    const page = await dashboard(browser, world.lossyBridge, fullToken('ann'), options);
    await page.waitForSelector('#charts canvas');
    await world.lossyBridge.kill();
    await page.waitForSelector('.connection .state:text("reconnecting")');
    return page;
  },
  async 'dashboard-token-box'(browser, {bridge}, options) {
    const page = await dashboard(browser, bridge, fullToken('ann'), options);
    await page.waitForSelector('#charts canvas');
    await page.click('#token-button');
    return page;
  },
  async 'dashboard-closed-documents'(browser, {closed}, options) {
    const page = await dashboard(browser, closed, undefined, options);
    await page.waitForSelector('#trouble:not([hidden])');
    return page;
  },
  async 'explorer-closed-documents'(browser, {closed}, options) {
    const page = await open(browser, closed.url, {path: '/explorer', ...options});
    await page.waitForSelector('#loading:has-text("only to those who have a token")');
    return page;
  },
  async 'explorer-stream'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Watch`, options);
    await page.click('#headers summary');
    await page.click('#add-header');
    return page;
  },
  async 'explorer-stream-live'(browser, {bridge}, options) {
    const page = await explorer(browser, bridge, 'realtime.v1.Metrics.StreamMetrics',
      {bearer: fullToken('ann'), more: '&code=fetch', ...options});
    await page.click('#go');
    await page.waitForSelector('#rows tr:nth-child(3)');
    return page;
  },
  async 'explorer-stream-ended'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Count`, {request: {to: 12}, ...options});
    await page.click('#go');
    await page.waitForSelector('#rows tr.status');
    await page.locator('#rows tr:not(.comment):not(.status) button').nth(1).click();
    return page;
  },
  async 'explorer-no-match'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Watch`, {request: kWatch, ...options});
    await page.click('#go');
    await page.waitForSelector('#rows tr button');
    await page.fill('#filter', 'no such event');
    await page.waitForSelector('#no-match');
    return page;
  },
  async 'explorer-refused'(browser, {bridge}, options) {
    const page = await explorer(browser, bridge, 'realtime.v1.Metrics.StreamMetrics', options);
    await page.click('#go');
    await page.waitForSelector('#stream-state:text("refused")');
    return page;
  },
  async 'explorer-form-errors'(browser, {bridge}, options) {
    const page = await explorer(browser, bridge, 'realtime.v1.Tasks.UpdateTask',
      {request: {progress: 7}, bearer: fullToken('ann'), ...options});
    await page.click('#go');
    await page.waitForSelector('.wrong:not([hidden])');
    return page;
  },
  async 'explorer-json'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Watch`, {request: kWatch, ...options});
    await page.click('#view-json');
    return page;
  },
  async 'explorer-answer'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Describe`,
      {request: kDescribe, more: '&code=React', ...options});
    await page.click('#go');
    await page.waitForSelector('#answer-status:text("200")');
    return page;
  },
  async 'explorer-answer-error'(browser, {foreign}, options) {
    const page = await explorer(browser, foreign, `${kTelescopes}.Describe`,
      {request: {name: 'sites/oslo/telescopes/lost'}, more: '&code=TypeScript', ...options});
    await page.click('#go');
    await page.waitForSelector('#answer-status:text("404")');
    return page;
  },
  async 'explorer-nothing-found'(browser, {bridge}, options) {
    const page = await explorer(browser, bridge, 'realtime.v1.Prices.StreamPrices', {more: '&find=zzz', ...options});
    await page.waitForSelector('#services .empty', {state: 'attached'});
    if (await page.isVisible('#open-catalogue')) await page.click('#open-catalogue');
    return page;
  },
};
