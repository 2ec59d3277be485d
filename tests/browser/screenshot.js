// Draws the dashboard of the five services into a PNG, for README.md:
//
//   node tests/browser/screenshot.js FILE
//
// Called by scripts/screenshot.sh.

import {launch, open} from './support/browser.js';
import {cleanUp, eventually, fullToken, post, startBackends, startBridge} from './support/programs.js';

// So that prices have a course, and the task is half done.
const kBeforeTaskMs = 9_000;
const kOfTaskMs = 5_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const file = process.argv[2];
if (file === undefined) {
  console.error('usage: node screenshot.js FILE');
  process.exit(2);
}

let browser;
try {
  const backends = await startBackends({options: ['--market-interval=200ms']});
  const bridge = await startBridge(backends.address);
  browser = await launch();
  const page = await open(browser, bridge.url, {
    token: fullToken('ann'), viewport: {width: 1280, height: 1330}, colorScheme: 'light',
  });
  await page.waitForSelector('[data-symbol=AAPL]:not(.waiting)');

  // Something in each panel.
  const bob = await open(browser, bridge.url, {token: fullToken('bob')});
  await eventually('both are in the channel', async () =>
    (await page.textContent('#members')).includes('bob'));
  const say = (user, content) =>
    post(bridge.url, '/channels/general/messages', fullToken(user), {content});
  await say('ann', 'Is the new stream live?');
  await say('bob', 'Yes: one rpc in the .proto, nothing else.');
  await say('ann', 'And it resumes after a reconnect.');
  for (const [title, body] of [
    ['Welcome', 'The bridge is up.'], ['Order 1042', 'Your order has left the warehouse.']]) {
    await post(bridge.url, '/notifications', fullToken('ann'),
      {user_id: 'ann', type: 'info', title, body});
  }
  await wait(kBeforeTaskMs);
  await page.click('#task-form button[type=submit]');
  await wait(kOfTaskMs);
  await page.evaluate(() => {
    document.activeElement.blur();
    window.scrollTo(0, 0);
  });
  await page.screenshot({path: file});
  await bob.context().close();
  await page.context().close();
} finally {
  await browser?.close();
  await cleanUp();
}
