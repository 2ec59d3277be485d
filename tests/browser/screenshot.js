// Draws the pages into PNG files:
//
//   node tests/browser/screenshot.js FILE                  the dashboard, for README.md
//   node tests/browser/screenshot.js --states DIR [NAME...]
//       every state (see support/states.js), or those named, at three widths, light
//       and dark: DIR/NAME-WIDTH-THEME.png
//
// Called by scripts/screenshot.sh.

import {mkdirSync} from 'node:fs';
import {join} from 'node:path';

import {launch, open} from './support/browser.js';
import {fullToken} from './support/programs.js';
import {fill, kStates, World} from './support/states.js';

const kWidths = [1440, 768, 390];
const kThemes = ['light', 'dark'];
// So that prices and metrics have a course.
const kCourseMs = 12_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function usage() {
  console.error('usage: node screenshot.js FILE | --states DIR [NAME...]');
  process.exit(2);
}

const [first, ...rest] = process.argv.slice(2);
if (first === undefined || (first === '--states' && rest.length === 0)) usage();
const [directory, ...names] = first === '--states' ? rest : [];
for (const name of names) {
  if (kStates[name] === undefined) {
    console.error(`screenshot.js: no state ${name}; there are ${Object.keys(kStates).join(', ')}`);
    process.exit(2);
  }
}

async function drawStates(browser, world) {
  mkdirSync(directory, {recursive: true});
  for (const name of names.length > 0 ? names : Object.keys(kStates)) {
    const page = await kStates[name](browser, world, {viewport: {width: kWidths[0], height: 900}});
    for (const width of kWidths) {
      for (const colorScheme of kThemes) {
        await page.setViewportSize({width, height: width < 500 ? 844 : 900});
        await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
        await page.evaluate(() => window.scrollTo(0, 0));
        // Two frames, in which charts and layout follow.
        await page.evaluate(() => new Promise((resolve) =>
          requestAnimationFrame(() => requestAnimationFrame(resolve))));
        await page.screenshot({path: join(directory, `${name}-${width}-${colorScheme}.png`), fullPage: true});
      }
    }
    console.log(name);
    await page.context().close();
  }
}

let browser;
let world;
try {
  world = await World.start();
  browser = await launch();
  if (first === '--states') {
    await drawStates(browser, world);
  } else {
    const page = await open(browser, world.bridge.url, {
      token: fullToken('ann'), viewport: {width: 1440, height: 900}, colorScheme: 'light',
    });
    await wait(kCourseMs);
    await fill(browser, world, page, 'ann');
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({path: first, fullPage: true});
    await page.context().close();
  }
} finally {
  await browser?.close();
  await world?.stop();
}
