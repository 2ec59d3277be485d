// Every state of the pages, wide and narrow, light and dark: axe finds nothing,
// nothing runs off the page, and fingers hit every control.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import axe from 'axe-core';

import {launch} from './support/browser.js';
import {kStates, World} from './support/states.js';

const kLooks = [
  {width: 1440, colorScheme: 'light'},
  {width: 768, colorScheme: 'dark'},
  {width: 390, colorScheme: 'light'},
  {width: 390, colorScheme: 'dark'},
];
const kTargetPixels = 44;

let browser;
let world;

before(async () => {
  world = await World.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await world?.stop();
});

// Controls that are smaller than a finger. A control within its label is as large as
// the label; links within a text are exempt.
const smallTargets = (page) => page.evaluate((least) =>
  [...document.querySelectorAll('button, input, select, textarea, summary, a')].filter((node) => {
    const box = (node.closest('label') ?? node).getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || node.closest('p, .skip, .hint, .comment')) return false;
    if (!node.checkVisibility({visibilityProperty: true})) return false;
    return box.height < least - 0.5 || (node.tagName === 'BUTTON' && box.width < least - 0.5);
  }).map((node) => `${node.tagName} ${node.id || node.className || node.textContent.slice(0, 30)}`), kTargetPixels);

for (const [name, openState] of Object.entries(kStates)) {
  test(`${name}: axe finds nothing, nothing runs off the page, targets are large enough`, async () => {
    const page = await openState(browser, world, {viewport: {width: 1440, height: 900}});
    await page.evaluate(axe.source);
    for (const {width, colorScheme} of kLooks) {
      await page.setViewportSize({width, height: 900});
      await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
      const {violations, passes} = await page.evaluate(() => axe.run(document));
      assert.ok(passes.length > 10, `axe ran ${passes.length} rules`);
      assert.deepEqual(
        violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`)),
        [], `${width} ${colorScheme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels at ${width}`);
      if (width < 900) assert.deepEqual(await smallTargets(page), [], `targets at ${width}`);
    }
    assert.deepEqual(page.foreign, [], 'requests to another origin');
    await page.context().close();
  });
}
