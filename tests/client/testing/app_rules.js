// What every app does, whatever it is made with: two streams and calls.
import assert from 'node:assert';

import { openPage } from './browser.js';
import { token, until } from './processes.js';
import { Site } from './site.js';

async function post(address, user, target, body) {
  const response = await fetch(address + target, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token(user)}` },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

let prices = 0;

/**
 * Opens the app's page and sees that its streams and calls work. If it `switches`,
 * it can also change the request of a stream, and hide what reads them.
 */
export async function checkApp(t, bridge, pages, { user, path = '/', switches = false }) {
  const site = await new Site(t, bridge.address, pages).start();
  await post(bridge.address, user, '/channels/apps/messages', { content: `hello ${user}` });
  prices += 1;
  const price = 100 + prices;
  const page = await openPage(t, `${site.address}${path}?token=${token(user)}&price=${price}`);
  const text = async (id) => (await page.textContent(`#${id}`)).trim();
  const shows = (id, wanted) =>
    until(`${user}: #${id} to be ${wanted}`, async () => {
      const shown = await text(id);
      return typeof wanted === 'string' ? shown === wanted : wanted.test(shown);
    });

  await shows('state', 'live');
  await shows('messages', new RegExp(`hello ${user}$`));
  const titles = ['one', 'two', 'three', 'four'];
  for (const title of titles) await post(bridge.address, user, '/notifications', { user_id: user, title });
  await shows('notes', titles.slice(-3).join());
  assert.notEqual(await text('price'), String(price));
  await page.click('#publish');
  await shows('price', String(price));

  // Each stream has one connection, also where components are mounted twice.
  const streams = (name) => site.asked.filter((each) => each.includes(` /${name}/stream`)).length;
  assert.equal(streams('prices'), 1, site.asked.join('\n'));
  assert.equal(streams('notifications'), 1, site.asked.join('\n'));
  assert.equal(site.open.size, 2);

  if (switches) {
    await page.click('#switch');
    await until('another stream in place of the first', () => streams('prices') === 2 && site.open.size === 2);
    await shows('price', String(price));
    assert.equal(streams('notifications'), 1);
    await page.click('#hide');
    await until('all streams to be closed', () => site.open.size === 0);
  }
  assert.deepEqual(page.complaints, []);
}
