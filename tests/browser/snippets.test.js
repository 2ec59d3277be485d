// The explorer's code runs as it is when pasted: in a shell, in the console of a
// browser, in Node and in a React application, for every method of two schemas.

import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {cpSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';

import {build} from 'esbuild';

import {launch, open} from './support/browser.js';
import {
  cleanUp, eventually, fullToken, post, root, startBackends, startBridge, startForeignBackend,
  temporaryDirectory,
} from './support/programs.js';

const run = promisify(execFile);
const kModules = join(root, 'tests/browser/node_modules');
const kRunMs = 60_000;

// For each method a request, and what its answer or an event contains. `open`: the
// names of the events are known only when the stream has been opened.
const kFive = {
  'realtime.v1.Channels.StreamChannel': {request: {channel: 'code'}, expect: /joined/},
  'realtime.v1.Channels.SendMessage': {request: {channel: 'code', content: `it's "$HOME" & \\ more`}, expect: /HOME/},
  'realtime.v1.Channels.SendTyping': {request: {channel: 'code'}, expect: /\{\}/},
  'realtime.v1.Channels.ListMessages': {request: {channel: 'code', page_size: 5}, expect: /messages/},
  'realtime.v1.Channels.ListMembers': {request: {channel: 'code'}, expect: /user_ids/},
  'realtime.v1.Channels.Invite': {request: {channel: 'private-code', invitee: 'bob'}, expect: /\{\}/},
  'realtime.v1.Channels.Remove': {request: {channel: 'private-code', member: 'bob'}, expect: /\{\}/},
  'realtime.v1.Metrics.StreamMetrics': {request: {}, expect: /memory_usage/},
  'realtime.v1.Notifications.StreamNotifications': {request: {}, expect: /waiting for code/},
  'realtime.v1.Notifications.CreateNotification': {request: {user_id: 'nobody', title: 'by code'}, expect: /by code/},
  'realtime.v1.Notifications.MarkRead': {request: async () => ({id: (await notification('to be read')).id}), expect: /to be read/},
  'realtime.v1.Prices.StreamPrices': {request: {symbols: ['AAPL', 'MSFT']}, expect: /AAPL|MSFT/},
  'realtime.v1.Prices.PublishPrice': {request: {symbol: 'CODE', price: 12.5}, expect: /CODE/},
  'realtime.v1.Tasks.StreamProgress': {request: {task_id: 'code'}, expect: /pending|running/},
  'realtime.v1.Tasks.CreateTask': {request: {message: 'by code'}, expect: /by code/},
  'realtime.v1.Tasks.UpdateTask': {request: {task_id: 'code', status: 'running', progress: 0.5}, expect: /running/},
  'sse-bridge/events': {request: {stream: ['p:/prices/stream?symbols=AAPL']}, expect: /AAPL/, open: true},
};
const kForeign = {
  Watch: {request: {telescope: 'sites/oslo/telescopes/one', bands: ['radio', 'visible']}, expect: /star-/},
  Count: {request: {to: 3, after: '1'}, expect: /count/},
  Fail: {request: {code: 0, after_first: true}, expect: /number/},
  Say: {request: {name: 'hello', id: '7', text: `l'heure\n`}, expect: /heure/, open: true},
  Picture: {request: {type: 'text/plain', data: 'hello'}, expect: /hello|104, *101|"0": *104/},
  Describe: {request: {name: 'sites/oslo/telescopes/one', verbose: true}, expect: /aperture/},
  WhoAmI: {request: {}, expect: /coder/},
  'sse-bridge/events': {request: {stream: ['c:/v2/count/3']}, expect: /count/, open: true},
};

let browser;
let bridge;
let foreign;
const clients = {};  // folders with gen/ts, by schema

const notification = (title) =>
  post(bridge.url, '/notifications', fullToken('writer'), {user_id: 'coder', title});

function clientFolder(generated) {
  const directory = temporaryDirectory();
  cpSync(join(generated, 'ts'), join(directory, 'gen/ts'), {recursive: true});
  symlinkSync(kModules, join(directory, 'node_modules'));
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [],
      module: 'esnext', moduleResolution: 'bundler', jsx: 'react-jsx', skipLibCheck: true,
    },
    include: ['*.ts', '*.tsx'],
  }));
  return directory;
}

before(async () => {
  const backends = await startBackends();
  bridge = await startBridge(backends.address);
  const telescopes = await startForeignBackend();
  const generated = temporaryDirectory();
  await run(join(root, 'scripts/gen.sh'), ['--proto-dir', join(root, 'tests/foreign/proto'), '--out', generated]);
  foreign = await startBridge(telescopes.address,
    {options: ['--descriptor-set', join(generated, 'descriptors/schema.binpb')]});
  clients.five = clientFolder(join(root, 'gen'));
  clients.foreign = clientFolder(generated);
  await notification('waiting for code');
  await post(bridge.url, '/tasks', fullToken('writer'), {task_id: 'code', message: ''});
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp();
});

// The output of a command, until it has what is expected. Streams go on for ever.
async function outputOf(command, args, expected) {
  const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe']});
  let output = '';
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`in vain:\n${output}`)), kRunMs);
      const add = (text) => {
        output += text;
        if (!expected.test(output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', add);
      child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
      child.on('close', () => {
        clearTimeout(timer);
        if (expected.test(output)) resolve();
        else reject(new Error(`not in the output:\n${output}`));
      });
    });
  } finally {
    child.kill('SIGKILL');
  }
}

// Bundles a module, as every build tool does.
async function bundled(code, folder, format) {
  const {outputFiles: [file]} = await build({
    stdin: {contents: code, loader: 'tsx', resolveDir: folder},
    bundle: true, write: false, format, platform: format === 'esm' ? 'node' : 'browser', target: 'es2022',
    jsx: 'automatic', define: {'process.env.NODE_ENV': '"production"'},
  });
  return file.text;
}

// Runs a script in the console of a page of the bridge until it has logged what is
// expected.
async function runInConsole(page, where, script, expected, until = () => {}) {
  await page.goto(`${where.url}/explorer`);
  let logged = '';
  const listen = async (message) => {
    const values = await Promise.all(message.args().map((arg) => arg.jsonValue().catch(() => '')));
    logged += `${message.text()} ${JSON.stringify(values)}\n`;
  };
  page.on('console', listen);
  await page.evaluate(`(async () => {${script}\n})().catch((error) => console.error(String(error))); 0`);
  await eventually(`${expected} in the console: ${script}`, async () => {
    await until();
    return expected.test(logged);
  }, kRunMs).catch((error) => {
    throw new Error(`${error.message}\n${logged}`);
  });
  page.off('console', listen);
}

async function runReact(page, where, code, folder, name, isStream, expected) {
  const component = name[0].toUpperCase() + name.slice(1);
  const script = await bundled(`${code}
    import {createRoot} from 'react-dom/client';
    document.body.innerHTML = '<main id="app"></main>';
    createRoot(document.getElementById('app')).render(<${component} />);`, folder, 'iife');
  await page.goto(`${where.url}/explorer`);
  await page.evaluate(script);
  if (!isStream) await page.click('#app button');
  await page.waitForFunction(([source]) =>
    new RegExp(source).test(document.querySelector('#app')?.textContent ?? ''), [expected.source]);
}

const kRun = {
  curl: (code, {expect}) => outputOf('bash', ['-c', code], expect),
  EventSource: (code, {expect, page, where}) => runInConsole(page, where, code, expect),
  fetch: (code, {expect, page, where}) => runInConsole(page, where, code, expect),
  async TypeScript(code, {expect, folder}) {
    const file = join(temporaryDirectory(), 'snippet.mjs');
    writeFileSync(file, await bundled(code, folder, 'esm'));
    await outputOf('node', [file], expect);
  },
  React: (code, {expect, page, where, folder, method}) =>
    runReact(page, where, code, folder, method.name, method.streaming === true, expect),
};

async function runsEverything(where, uses, folder, names) {
  const schema = await (await fetch(`${where.url}/schema.json`)).json();
  const methods = [...schema.services.flatMap((service) => service.methods),
    {name: 'events', full_name: 'sse-bridge/events', streaming: true, routes: [{verb: 'GET'}]}];
  assert.deepEqual(methods.map(names).sort(), Object.keys(uses).sort(), 'every method has a request here');
  const page = await open(browser, where.url, {path: '/explorer', token: fullToken('coder')});
  const runner = await open(browser, where.url, {path: '/explorer', token: fullToken('coder')});
  for (const method of methods) {
    const {request, expect, open: opens} = uses[names(method)];
    const value = typeof request === 'function' ? await request() : request;
    await page.goto(`${where.url}/explorer#${method.full_name}?request=${encodeURIComponent(JSON.stringify(value))}`);
    await page.waitForSelector(`#method-name:text-is("${method.name}")`);
    if (opens) {
      await page.click('#go');
      await page.waitForSelector('#rows tr button');
      await page.click('#stop').catch(() => {});
    }
    const tabs = await page.locator('#code-tabs [role=tab]:visible').allTextContents();
    assert.deepEqual(tabs, ['curl',
      ...(method.streaming && method.routes.some(({verb}) => verb === 'GET') ? ['EventSource'] : []),
      'fetch', ...(method.client === undefined ? [] : ['TypeScript', 'React'])]);
    for (const language of tabs) {
      await page.click(`#code-tabs [role=tab]:text-is("${language}")`);
      const code = await page.textContent('#snippet');
      const suffix = {TypeScript: 'ts', React: 'tsx'}[language];
      if (suffix) writeFileSync(join(folder, `${method.name}.${suffix}`), `${code}\nexport {};\n`);
      try {
        await kRun[language](code, {expect, page: runner, where, folder, method});
      } catch (error) {
        throw new Error(`${method.full_name} as ${language}: ${error.message}\n${code}`);
      }
    }
  }
  // A strict project compiles it too.
  await run('node', [join(kModules, 'typescript/bin/tsc'), '-p', folder])
    .catch(({stdout}) => assert.fail(stdout));
  await runner.context().close();
  await page.context().close();
}

test('the code of every method of the five services runs in every language', () =>
  runsEverything(bridge, kFive, clients.five, ({full_name: name}) => name));

test('the code of every method of a foreign schema runs in every language', () =>
  runsEverything(foreign, kForeign, clients.foreign, ({full_name: name}) => name.replace(/^acme\..*\./, '')));

test('text reaches the backend as it was typed', async () => {
  const request = {channel: 'a b/c', content: `it's "$HOME" & more, \\n 'é'`};
  const page = await open(browser, bridge.url, {
    path: `/explorer#realtime.v1.Channels.SendMessage?request=${encodeURIComponent(JSON.stringify(request))}`,
    token: fullToken("o'hara"),
  });
  await page.waitForSelector('#method-name:text-is("SendMessage")');
  const {stdout} = await run('bash', ['-c', await page.textContent('#snippet')]);
  const {channel, content, user_id: user} = JSON.parse(stdout);
  assert.deepEqual({channel, content, user}, {...request, user: "o'hara"});
  await page.context().close();
});

test('without a token the code says where it goes; with one it has it only if wanted', async () => {
  const fragment = 'realtime.v1.Metrics.StreamMetrics';
  const page = await open(browser, bridge.url, {path: `/explorer#${fragment}`});
  await page.waitForSelector('#method-name:text-is("StreamMetrics")');
  assert.match(await page.textContent('#snippet'), /Bearer \$TOKEN/);
  await page.click('#code-tabs [role=tab]:text-is("fetch")');
  assert.match(await page.textContent('#snippet'), /const token = 'YOUR TOKEN'/);
  await page.context().close();

  const bearer = fullToken('alice');
  const other = await open(browser, bridge.url, {path: `/explorer#${fragment}`, token: bearer});
  await other.waitForSelector('#method-name:text-is("StreamMetrics")');
  assert.ok((await other.textContent('#snippet')).includes(bearer));
  // Shown short.
  const {width} = await other.locator('#snippet .token').boundingBox();
  assert.ok(width < 200, `${width} pixels`);
  await other.uncheck('#with-token');
  assert.match(await other.textContent('#snippet'), /Bearer \$TOKEN/);
  await other.context().close();
});

test('quotes, backslashes and line breaks survive in every language', async () => {
  const page = await open(browser, bridge.url, {path: '/explorer'});
  const text = await page.evaluate(async () => {
    const {literal} = await import('/assets/snippets.js');
    return literal({'a b': `'"\\\n\t\u2028$\{x}\``, list: [1, 'é', {deep: null}], ['__proto__']: true});
  });
  assert.equal(JSON.stringify(new Function(`return ${text}`)()),
    JSON.stringify({'a b': `'"\\\n\t\u2028$\{x}\``, list: [1, 'é', {deep: null}], ['__proto__']: true}));
  await page.context().close();
});
