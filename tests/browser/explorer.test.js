// The stream explorer, with the built-in schema and with one that nothing here
// has seen.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, post, root, startBackends, startBridge, startForeignBackend,
  temporaryDirectory,
} from './support/programs.js';

const run = promisify(execFile);
const kTelescopes = 'acme.observatory.v2.Telescopes';

let browser;
let bridge;      // of the five services
let below;       // the same, below /realtime
let foreign;     // of tests/foreign, by its descriptor set
let reflected;   // of the same, by reflection

before(async () => {
  const backends = await startBackends();
  bridge = await startBridge(backends.address);
  below = await startBridge(backends.address, {options: ['--base-path', '/realtime']});
  const telescopes = await startForeignBackend();
  const generated = temporaryDirectory();
  await run(join(root, 'scripts/gen.sh'), ['--proto-dir', join(root, 'tests/foreign/proto'), '--out', generated]);
  foreign = await startBridge(telescopes.address,
    {options: ['--descriptor-set', join(generated, 'descriptors/schema.binpb')]});
  reflected = await startBridge(telescopes.address, {options: ['--reflect']});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

async function explore(where, method, options = {}) {
  const page = await open(browser, where.url, {path: `/explorer#${method}`, ...options});
  await page.waitForSelector(`#method-name:text-is("${method.split(/[./]/).at(-1)}")`);
  return page;
}

async function done(page) {
  assert.deepEqual(page.foreign, [], 'requests to another origin');
  assert.deepEqual(page.complaints, [], 'complaints of scripts and policies');
  await page.context().close();
}

const field = (page, name) => page.locator(`[data-field="${name}"]`);
const rows = (page) => page.locator('#rows > tr:not(.comment):not(.whole):not(.none)');

test('every method with an HTTP route is listed, also by reflection', async () => {
  for (const [where, expected] of [
    [foreign, ['Watch', 'Count', 'Fail', 'Say', 'Picture', 'Describe', 'WhoAmI', 'events']],
    [reflected, ['Watch', 'Count', 'Fail', 'Say', 'Picture', 'Describe', 'WhoAmI', 'Hidden', 'events']],
  ]) {
    const page = await open(browser, where.url, {path: '/explorer'});
    await page.waitForSelector('#services .method');
    assert.deepEqual(await page.locator('#services .method').allTextContents(), expected);
    await page.fill('#find', 'count');
    assert.deepEqual(await page.locator('#services .method').allTextContents(), ['Count']);
    await done(page);
  }
});

test('a form of the request, with its rules, checked before and by the bridge', async () => {
  const page = await explore(foreign, `${kTelescopes}.Watch`);
  await field(page, 'telescope').locator('input').fill('sites/oslo/telescopes/one');
  const bands = field(page, 'bands');
  assert.match(await bands.locator('.hint').textContent(), /^must contain at least 1 item\(s\); each must be in list \[radio, visible\]/);
  assert.deepEqual(await bands.locator('option').allTextContents(), ['—', 'radio', 'visible']);
  await page.click('#go');
  assert.equal(await bands.locator('.wrong').textContent(), 'must contain at least 1 item(s)');
  assert.equal(await page.isVisible('#table'), false);
  await bands.locator('select').selectOption('radio');
  await page.click('#go');
  await rows(page).first().waitFor();
  assert.match(await page.textContent('#stream-state'), /live/);

  await page.goto(`${foreign.url}/explorer#${kTelescopes}.Count`);
  await page.waitForSelector('#method-name:text-is("Count")');
  await field(page, 'to').locator('input').fill('100001');
  await page.click('#go');
  assert.equal(await field(page, 'to').locator('.wrong').textContent(),
    'must be greater than or equal to 0 and less than or equal to 100000');
  await field(page, 'to').locator('input').fill('');
  await page.click('#go');
  assert.equal(await field(page, 'to').locator('.wrong').textContent(), 'is required by the path');
  await done(page);
});

test('events as they arrive: name, id, size, time; opened; filtered; paused; the end', async () => {
  const page = await explore(foreign, `${kTelescopes}.Count`);
  await field(page, 'to').locator('input').fill('12');
  await page.fill('[placeholder="id to resume from (optional)"]', '3');
  await page.click('#go');
  await page.waitForSelector('#stream-state:text("ended")');
  await page.waitForSelector('#rows tr.status');
  // 4 to 12, and the status.
  assert.equal(await rows(page).count(), 10);
  const cells = await rows(page).nth(1).locator('td').allTextContents();
  assert.match(cells[0], /^\d\d:\d\d:\d\d\.\d{3}$/);
  assert.deepEqual(cells.slice(1, 3), ['tick', '12']);
  assert.equal(cells[3], `${cells[4].length} B`);
  assert.match(await page.textContent('#facts'), /^10 events.*last event id: 12$/);
  await rows(page).nth(1).locator('button').click();
  assert.match(await page.textContent('tr.whole pre'), /"count": "12"/);
  await page.fill('#filter', 'grpc-STATUS');
  assert.equal(await rows(page).count(), 1);
  await page.fill('#filter', '');
  assert.equal(await rows(page).count(), 10);
  await page.click('#clear');
  assert.equal(await rows(page).count(), 0);
  await done(page);
});

test('below a base path the pages, their streams and their snippets are below it', async () => {
  const where = {url: `${below.url}/realtime`};
  const page = await explore(where, 'realtime.v1.Prices.StreamPrices');
  await field(page, 'symbols').locator('input').fill('BELOW');
  await page.click('#go');
  await page.waitForSelector('#stream-state:text("live")');
  await post(where.url, '/prices', fullToken('writer'), {symbol: 'BELOW', price: 1});
  await rows(page).first().waitFor();
  assert.ok((await page.textContent('#snippet')).includes(`${where.url}/prices/stream`));
  await page.click('#stop');
  const asked = page.waitForRequest(
    (request) => request.url().startsWith(`${where.url}/events?stream=price`));
  await page.click('#dashboard-link');
  await page.waitForURL(`${where.url}/`);
  await asked;
  await done(page);
});

test('pause holds the events back, and resume shows them', async () => {
  const writer = fullToken('writer');
  const page = await explore(bridge, 'realtime.v1.Prices.StreamPrices');
  await field(page, 'symbols').locator('input').fill('PAUSE');
  await page.click('#go');
  await page.waitForSelector('#stream-state:text("live")');
  await post(bridge.url, '/prices', writer, {symbol: 'PAUSE', price: 1});
  await rows(page).first().waitFor();
  await page.click('#pause');
  await post(bridge.url, '/prices', writer, {symbol: 'PAUSE', price: 2});
  await page.waitForSelector('#pause:text("Resume (1 new)")');
  assert.equal(await rows(page).count(), 1);
  await page.click('#pause');
  await eventually('the row held back', async () => (await rows(page).count()) === 2);
  await page.click('#stop');
  await page.waitForSelector('#stream-state:text("closed")');
  await done(page);
});

test('a unary call: its answer, and an error at the field it is about', async () => {
  const page = await explore(foreign, `${kTelescopes}.Describe`);
  await field(page, 'name').locator('input').fill('sites/oslo/telescopes/one');
  await field(page, 'verbose').locator('input').check();
  await page.click('#go');
  await page.waitForSelector('#answer-status:text("200")');
  assert.match(await page.textContent('#answer-body'), /"name": "sites\/oslo\/telescopes\/one"/);
  await done(page);

  const prices = await explore(bridge, 'realtime.v1.Prices.PublishPrice', {token: fullToken('writer')});
  await field(prices, 'symbol').locator('input').fill('X');
  await field(prices, 'price').locator('input').fill('-1');
  await prices.click('#go');
  assert.equal(await field(prices, 'price').locator('.wrong').textContent(), 'must be greater than 0');
  // What the form does not know, the bridge does.
  await field(prices, 'price').locator('input').fill('NaN');
  await field(prices, 'symbol').locator('input').evaluate((input) => input.removeAttribute('maxlength'));
  await field(prices, 'price').locator('input').fill('1e400');
  await prices.click('#go');
  await prices.waitForSelector('#answer-status:text("400")');
  assert.match(await prices.textContent('#form-error'), /INVALID_ARGUMENT/);
  assert.equal(await field(prices, 'price').locator('.wrong').isVisible(), true);
  await done(prices);
});

test('a refusal is told in words', async () => {
  const page = await explore(bridge, 'realtime.v1.Metrics.StreamMetrics');
  assert.equal(await page.textContent('#access-notice'), 'Needs a token.');
  await page.click('#go');
  await page.waitForSelector('#stream-state:text("refused")');
  assert.match(await page.textContent('#stream-error'), /UNAUTHENTICATED/);
  await done(page);
});

test('the failure of a stream is told with its code', async () => {
  const page = await explore(foreign, `${kTelescopes}.Fail`);
  await field(page, 'code').locator('input').fill('9');
  await field(page, 'after_first').locator('input').check();
  await field(page, 'message').locator('input').fill('not tonight');
  await page.click('#go');
  await page.waitForSelector('#stream-error:text("not tonight")');
  await page.waitForSelector('#rows tr.status');
  await done(page);
});

test('many streams on one connection can be explored too', async () => {
  const page = await explore(bridge, 'sse-bridge/events', {token: fullToken('alice')});
  await field(page, 'stream').locator('button:text("Add")').click();
  await field(page, 'stream').locator('input').fill('m:/admin/metrics/stream');
  await page.click('#go');
  await page.locator('#rows td:text-is("m")').first().waitFor();
  await done(page);
});

test('by keyboard alone, and on a narrow page', async () => {
  const page = await explore(foreign, `${kTelescopes}.Count`, {viewport: {width: 390, height: 800}});
  assert.equal(await page.isVisible('#services'), false);
  await page.focus('#open-catalogue');
  await page.keyboard.press('Enter');
  await page.focus('#find');
  await page.keyboard.type('describe');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#method-name:text-is("Describe")');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `${wide} pixels`);
  await done(page);
});

test('requests are made by the rules of google.api.HttpRule', async () => {
  const page = await open(browser, bridge.url, {path: '/explorer'});
  const made = (route, values, wildcards) => page.evaluate(async (args) => {
    const {makeRequest} = await import('/assets/request.js');
    return makeRequest(...args);
  }, [route, values, wildcards]);
  const of = async (...args) => {
    const {verb, url, body} = await made(...args);
    return [verb, url, body];
  };
  // One segment is encoded whole, many keep their slashes.
  assert.deepEqual(await of({verb: 'GET', path: '/a/{b}/c'}, {b: 'x/y z'}), ['GET', '/a/x%2Fy%20z/c', undefined]);
  assert.deepEqual(await of({verb: 'GET', path: '/v1/{name=shelves/*}:read'}, {name: 'shelves/ü'}),
    ['GET', '/v1/shelves/%C3%BC:read', undefined]);
  assert.deepEqual(await of({verb: 'GET', path: '/files/{path=**}'}, {path: ''}), ['GET', '/files/', undefined]);
  // What the path does not take is in the query, nested by dots and repeated.
  assert.deepEqual(await of({verb: 'GET', path: '/a/{b.c}'}, {b: {c: 1, d: {e: true}}, f: ['&', 'g']}),
    ['GET', '/a/1?b.d.e=true&f=%26&f=g', undefined]);
  // Or in the body, whole or in part.
  assert.deepEqual(await of({verb: 'POST', path: '/a/{b}', body: '*'}, {b: 1, c: {d: 2}}),
    ['POST', '/a/1', '{"c":{"d":2}}']);
  assert.deepEqual(await of({verb: 'PATCH', path: '/a/{b.id}', body: 'b'}, {b: {id: 'x', n: 1}, mask: 'n'}),
    ['PATCH', '/a/x?mask=n', '{"n":1}']);
  assert.deepEqual(await of({verb: 'POST', path: '/a/{b.id}', body: 'b.c'}, {b: {id: 'x', c: {n: 1}, d: 2}}),
    ['POST', '/a/x?b.d=2', '{"n":1}']);
  assert.deepEqual(await of({verb: '*', path: '/a', body: '*'}, {}), ['POST', '/a', '{}']);
  // The body of an HttpBody is its bytes.
  const raw = await made({verb: 'POST', path: '/a', body: '*', raw_body: true}, {content_type: 'image/png', data: 'AP8='});
  assert.deepEqual([Object.values(raw.body), raw.contentType], [[0, 255], 'image/png']);
  const broken = await made({verb: 'POST', path: '/a', body: '*', raw_body: true}, {data: '!'});
  assert.deepEqual(broken.problems, [{field: 'data', description: 'is not base64'}]);
  // Entries of maps have their key in brackets.
  const withMap = await page.evaluate(async () => {
    const {makeRequest} = await import('/assets/request.js');
    return makeRequest({verb: 'GET', path: '/a'}, {m: {'a b': 1}}, {}, (path) => path === 'm').url;
  });
  assert.equal(withMap, '/a?m%5Ba%20b%5D=1');
  // Wildcards without a name have a place of their own.
  assert.deepEqual(await of({verb: 'GET', path: '/a/*/b'}, {}, {'* (1)': 'c'}), ['GET', '/a/c/b', undefined]);
  assert.deepEqual((await made({verb: 'GET', path: '/a/{b}'}, {})).problems,
    [{field: 'b', description: 'is required by the path'}]);
  // A variable has the form of its pattern.
  for (const [name, problems] of [
    ['sites/oslo', []], ['sites/', ['must have the form sites/*']], ['sites/a/b', ['must have the form sites/*']],
    ['towns/oslo', ['must have the form sites/*']]]) {
    const found = await made({verb: 'GET', path: '/{name=sites/*}'}, {name});
    assert.deepEqual(found.problems.map(({description}) => description), problems, name);
  }
  await done(page);
});
