// What the stream explorer keeps: the form in the address, the history of requests,
// headers, exported events; and how it shows a schema's comments and rules.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {after, before, test} from 'node:test';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, startBackends, startBridge, startForeignBackend,
} from './support/programs.js';

const kTelescopes = 'acme.observatory.v2.Telescopes';
const kWatch = {telescope: 'sites/oslo/telescopes/one', bands: ['radio']};

let browser;
let bridge;   // of the five services
let foreign;  // of tests/foreign

before(async () => {
  const backends = await startBackends();
  bridge = await startBridge(backends.address);
  const telescopes = await startForeignBackend();
  foreign = await startBridge(telescopes.address, {options: ['--reflect']});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

async function explore(where, fragment, options = {}) {
  const page = await open(browser, where.url, {path: `/explorer#${fragment}`, ...options});
  await page.waitForSelector(`#method-name:text-is("${fragment.split('?')[0].split(/[./]/).at(-1)}")`);
  return page;
}

async function done(page) {
  assert.deepEqual(page.foreign, [], 'requests to another origin');
  assert.deepEqual(page.complaints, [], 'complaints of scripts and policies');
  await page.context().close();
}

const field = (page, name) => page.locator(`[data-field="${name}"]`);
const rows = (page) => page.locator('#rows > tr:not(.comment):not(.whole):not(.none)');

test('form, route, language, filter and search are in the address, and survive a reload', async () => {
  const page = await explore(foreign, `${kTelescopes}.Watch`);
  await page.selectOption('#route', '1');
  await field(page, 'telescope').locator('input').fill(kWatch.telescope);
  await field(page, 'bands').locator('select').selectOption('radio');
  await page.click('role=tab[name="fetch"]');
  await page.fill('[placeholder="id to resume from (optional)"]', '17');
  await page.fill('#find', 'watch');
  await page.click('#go');
  await rows(page).first().waitFor();
  await page.fill('#filter', 'star');
  const address = await page.evaluate(() => location.href);
  const shows = async (there) => {
    await there.waitForSelector('#method-name:text-is("Watch")');
    assert.equal(await there.inputValue('#route'), '1');
    assert.equal(await field(there, 'telescope').locator('input').inputValue(), kWatch.telescope);
    assert.equal(await field(there, 'bands').locator('select').inputValue(), 'radio');
    assert.equal(await there.inputValue('[placeholder="id to resume from (optional)"]'), '17');
    assert.equal(await there.inputValue('#filter'), 'star');
    assert.equal(await there.inputValue('#find'), 'watch');
    assert.match(await there.textContent('#snippet'), /await fetch/);
  };
  await page.reload();
  await shows(page);
  // And a link from somebody else.
  const other = await explore(foreign, new URL(address).hash.slice(1));
  await shows(other);
  await done(other);
  // Another method, and back.
  await page.fill('#find', '');
  await page.click('#services .method:text-is("Count")');
  await page.waitForSelector('#method-name:text-is("Count")');
  await page.goBack();
  await page.waitForSelector('#method-name:text-is("Watch")');
  assert.equal(await field(page, 'telescope').locator('input').inputValue(), kWatch.telescope);
  await done(page);
});

test('the address never has the token or a header', async () => {
  const bearer = fullToken('alice');
  const page = await explore(bridge, 'realtime.v1.Prices.StreamPrices', {token: bearer});
  await page.click('#headers summary');
  await page.click('#add-header');
  await page.fill('[aria-label="Header name"]', 'X-Secret');
  await page.fill('[aria-label="Header value"]', 'hush');
  await field(page, 'symbols').locator('input').fill('AAPL');
  const address = await page.evaluate(() => location.href);
  assert.match(address, /AAPL/);
  assert.equal(/hush|Secret/.test(address) || address.includes(bearer), false);
  await done(page);
});

test('headers are sent with requests and are in the code; those that a page may not send are refused', async () => {
  const page = await explore(foreign, `${kTelescopes}.Describe`);
  await field(page, 'name').locator('input').fill('sites/oslo/telescopes/one');
  await page.click('#headers summary');
  await page.click('#add-header');
  await page.fill('[aria-label="Header name"]', 'X-Trace');
  await page.fill('[aria-label="Header value"]', "it's me");
  assert.match(await page.textContent('#snippet'), /-H 'X-Trace: it'\\''s me'/);
  const asked = page.waitForRequest((request) => request.url().includes('/v2/sites/'));
  await page.click('#go');
  assert.equal((await asked).headers()['x-trace'], "it's me");
  await page.waitForSelector('#answer-status:text("200")');
  for (const [name, said] of [['Cookie', 'Browsers do not let a page send Cookie.'], ['X Y', 'X Y is not the name of a header.']]) {
    await page.fill('[aria-label="Header name"]', name);
    await page.click('#go');
    assert.equal(await page.textContent('#form-error'), said);
  }
  await done(page);
});

test('a request can be written as JSON, and goes between the two views without loss', async () => {
  const page = await explore(foreign, `${kTelescopes}.Watch`);
  await page.click('#view-json');
  await page.fill('#json', '{"telescope": "sites/oslo/telescopes/one", "bands": ["radio"');
  await page.click('#go');
  assert.match(await page.textContent('#form-error'), /^The request is not JSON/);
  await page.fill('#json', JSON.stringify(kWatch));
  await page.click('#go');
  await rows(page).first().waitFor();
  assert.equal(await page.isVisible('#form-error'), false);
  await page.reload();
  await page.waitForSelector('#method-name:text-is("Watch")');
  assert.deepEqual(JSON.parse(await page.inputValue('#json')), kWatch);
  await page.click('#view-form');
  assert.equal(await field(page, 'telescope').locator('input').inputValue(), kWatch.telescope);
  await page.click('#view-json');
  assert.deepEqual(JSON.parse(await page.inputValue('#json')), kWatch);
  // What the form cannot show stays JSON, and the bridge judges it.
  await page.fill('#json', JSON.stringify({...kWatch, colour: 1}));
  await page.click('#view-form');
  assert.equal(await page.textContent('#form-error'), 'The form has no field colour.');
  assert.equal(await page.isVisible('#json'), true);
  await page.click('#go');
  await page.waitForSelector('#stream-state:text("refused")');
  assert.match(await page.textContent('#stream-error'), /colour/);
  await done(page);
});

test('nested messages, lists and maps are filled from the address', async () => {
  const page = await open(browser, foreign.url, {path: '/explorer'});
  await page.waitForSelector('#method-name:not(:empty)');
  const value = {
    text: 'a', flag: true, choice: 'TWO', many: [1, 2], map: {k: 'v'}, inner: {text: 'b', inner: {many: [3]}},
    when: '2026-01-31T12:00:00Z', any: {a: [1]}, long: '9007199254740993',
  };
  const read = await page.evaluate(async (given) => {
    const {MessageForm} = await import('/assets/form.js');
    const schema = {
      enums: {E: ['ONE', 'TWO']},
      messages: {M: [
        {name: 'text', type: 'string'}, {name: 'flag', type: 'bool'}, {name: 'long', type: 'int64'},
        {name: 'choice', type: 'enum', type_name: 'E'}, {name: 'many', type: 'int32', repeated: true},
        {name: 'map', type: 'string', map: 'string'}, {name: 'inner', type: 'message', type_name: 'M'},
        {name: 'when', type: 'message', type_name: 'google.protobuf.Timestamp'},
        {name: 'any', type: 'message', type_name: 'google.protobuf.Struct'},
      ]},
    };
    const form = new MessageForm(schema, 'M');
    const left = form.write({...given, unknown: 1});
    return {left, ...form.read()};
  }, value);
  assert.deepEqual(read, {left: ['unknown'], value, wrong: 0});
  await done(page);
});

test('the history lists the requests of this tab, and leads back to each', async () => {
  const page = await explore(foreign, `${kTelescopes}.Describe`);
  assert.equal(await page.isVisible('#history'), false);
  await field(page, 'name').locator('input').fill('sites/oslo/telescopes/one');
  await page.click('#go');
  await page.waitForSelector('#history-list li:has-text("200")');
  await page.click('#services .method:text-is("Count")');
  await field(page, 'to').locator('input').fill('2');
  await page.click('#go');
  await page.waitForSelector('#history-list li:first-child:has-text("ended")');
  await page.reload();
  assert.equal(await page.locator('#history-list li').count(), 2);
  await page.click('#history-list li:last-child a');
  await page.waitForSelector('#method-name:text-is("Describe")');
  assert.equal(await field(page, 'name').locator('input').inputValue(), 'sites/oslo/telescopes/one');
  await page.click('#forget');
  await page.waitForSelector('#history', {state: 'hidden'});
  await done(page);
});

test('the history has a bound', async () => {
  const page = await explore(foreign, `${kTelescopes}.Describe`);
  const count = await page.evaluate(async () => {
    const {History} = await import('/assets/history.js');
    const history = new History();
    for (let i = 0; i < 40; ++i) history.add({fragment: '#', kind: 'GET', name: `n${i}`, url: '/'})('200');
    return JSON.parse(sessionStorage.getItem('sse-bridge-history')).map(({name}) => name);
  });
  assert.equal(count.length, 30);
  assert.deepEqual([count[0], count.at(-1)], ['n39', 'n10']);
  await done(page);
});

test('events are exported as lines of JSON, as filtered', async () => {
  const page = await explore(foreign, `${kTelescopes}.Count?request=${encodeURIComponent('{"to":12}')}`);
  await page.click('#go');
  await page.waitForSelector('#rows tr.status');
  const exported = async () => {
    const download = page.waitForEvent('download');
    await page.click('#export');
    const file = await download;
    assert.equal(file.suggestedFilename(), 'Count-events.ndjson');
    return readFileSync(await file.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  };
  const all = await exported();
  assert.deepEqual(all.map(({event}) => event), [...Array(12).fill('tick'), 'grpc-status']);
  assert.deepEqual([all[0].id, all[0].data.count], ['1', '1']);
  assert.match(all[0].time, /^\d{4}-\d\d-\d\dT/);
  await page.fill('#filter', 'grpc-status');
  assert.equal((await exported()).length, 1);
  await page.fill('#filter', 'nothing like it');
  await page.waitForSelector('#no-match:has-text("No event matches the filter.")');
  await done(page);
});

test('fields that the path needs are marked, and their form is told before anything is sent', async () => {
  const page = await explore(foreign, `${kTelescopes}.Watch`);
  assert.equal(await field(page, 'telescope').locator('.needed').count(), 1);
  assert.match(await field(page, 'telescope').locator('.type').textContent(), /in the path/);
  assert.equal(await field(page, 'telescope').locator('input').getAttribute('placeholder'), 'sites/*/telescopes/*');
  assert.equal(await field(page, 'telescope').locator('input').getAttribute('aria-required'), 'true');
  await field(page, 'bands').locator('select').selectOption('radio');
  await field(page, 'telescope').locator('input').fill('oslo');
  await page.click('#go');
  assert.equal(await field(page, 'telescope').locator('.wrong').textContent(), 'must have the form sites/*/telescopes/*');
  // The other route has it in the body.
  await page.selectOption('#route', '1');
  assert.equal(await field(page, 'telescope').locator('.needed').count(), 0);
  await done(page);
});

test('comments are rendered: paragraphs, lists, code, links; and never as HTML', async () => {
  const page = await explore(bridge, 'realtime.v1.Channels.StreamChannel', {token: fullToken('alice')});
  assert.deepEqual(await page.locator('#method-description code').allTextContents(),
    ['system', 'joined', 'message', 'join', 'leave', 'typing']);
  assert.equal(await field(page, 'from_oldest').locator('.hint code').first().textContent(), 'cursor');
  const html = await page.evaluate(async () => {
    const {renderComment} = await import('/assets/comment.js');
    const node = document.createElement('div');
    node.append(...renderComment(
      'First `a<b>`,\n still **first**.\n\n See [the docs](https://example.com/x_y) or [Foo][pkg.Foo]:\n' +
      ' - one\n   and more\n - two, snake_case_name\n\n ```\n {"x": 1}\n ```\n <img src=x onerror=alert(1)> [x](javascript:alert(1))'));
    return node.innerHTML;
  });
  assert.equal(html, '<p>First <code>a&lt;b&gt;</code>, still <strong>first</strong>.</p>' +
    '<p>See <a href="https://example.com/x_y" rel="noopener noreferrer">the docs</a> or <code>Foo</code>:</p>' +
    '<ul><li>one and more</li><li>two, snake_case_name</li></ul>' +
    '<pre tabindex="0">{"x": 1}</pre>' +
    '<p>&lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(1))</p>');
  await done(page);
});

test('events are beside the code on a wide page, and above it on a phone', async () => {
  const page = await explore(foreign, `${kTelescopes}.Watch?request=${encodeURIComponent(JSON.stringify(kWatch))}`);
  await page.click('#go');
  await rows(page).first().waitFor();
  for (const width of [1440, 768, 390]) {
    await page.setViewportSize({width, height: 844});
    const [request, events, code] = await page.evaluate(() => ['request', 'events', 'code'].map((id) => {
      const {left, top, bottom} = document.getElementById(id).getBoundingClientRect();
      return {left, top, bottom};
    }));
    assert.ok(events.bottom <= code.top, `events above the code at ${width}`);
    if (width === 1440) assert.ok(events.left > request.left && Math.abs(events.top - request.top) < 2, 'beside the form');
    else assert.ok(events.top >= request.bottom, `below the form at ${width}`);
  }
  await done(page);
});

// A proxy that serves the bridge below a prefix that the bridge does not know.
test('below a prefix of a proxy the explorer works, and its code has the prefix', async () => {
  const proxy = createServer(async (asked, answer) => {
    if (!asked.url.startsWith('/deep/er/')) return answer.writeHead(404).end();
    const response = await fetch(foreign.url + asked.url.slice('/deep/er'.length));
    answer.writeHead(response.status, {'Content-Type': response.headers.get('content-type')});
    answer.end(Buffer.from(await response.arrayBuffer()));
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${proxy.address().port}/deep/er`;
  const page = await explore({url}, `${kTelescopes}.Count?request=${encodeURIComponent('{"to":3}')}`);
  await page.click('#go');
  await eventually('three events and the status', async () => (await rows(page).count()) === 4);
  assert.ok((await page.textContent('#snippet')).includes(`'${url}/v2/count/3'`));
  await page.reload();
  await page.waitForSelector('#method-name:text-is("Count")');
  assert.ok(page.url().startsWith(`${url}/explorer#`));
  await done(page);
  proxy.closeAllConnections();
  proxy.close();
});
