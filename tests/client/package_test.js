// The generated package, as `npm pack` makes it: it needs nothing else, its
// package.json is right, and every way to import it works.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { root, temporaryDirectory } from './testing/processes.js';

const modules = path.join(root, 'tests/client/node_modules');
const offline = { ...process.env, npm_config_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, env: offline, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The package in a folder of its own, and packed. */
function pack(t) {
  const directory = temporaryDirectory(t);
  const source = path.join(directory, 'source');
  cpSync(path.join(root, 'gen/ts'), source, { recursive: true });
  const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', directory], source));
  return { directory, source, tarball: path.join(directory, filename), files: files.map((each) => each.path) };
}

/** Everything that a program may import from the package. */
function entryPoints(source) {
  const { exports } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  return Object.keys(exports).filter((each) => !each.endsWith('.json'));
}

test('publint finds nothing', async (t) => {
  const { source } = pack(t);
  const { messages } = await publint({ pkgDir: source, pack: 'npm', strict: true });
  const pkg = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  assert.deepEqual(messages.map((each) => formatMessage(each, pkg)), []);
});

test('arethetypeswrong finds nothing', (t) => {
  const { directory, tarball } = pack(t);
  const attw = path.join(modules, '@arethetypeswrong/cli/dist/index.js');
  // ES modules only, for tools that know `exports`.
  run('node', [attw, tarball, '--profile', 'esm-only', '--format', 'ascii'], directory);
});

test('it carries what it needs, with the licence of the parser', (t) => {
  const { source, files } = pack(t);
  const pkg = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  assert.equal(pkg.dependencies, undefined);
  assert.deepEqual([pkg.version, pkg.license, pkg.sideEffects], ['0.1.0', 'UNLICENSED', false]);
  assert(files.includes('runtime/eventsource-parser.LICENSE.txt'));
  assert.match(readFileSync(path.join(source, 'runtime/eventsource-parser.LICENSE.txt'), 'utf8'), /^MIT License/);
  const packed = new Set(files);
  for (const file of readdirSync(path.join(source, 'runtime'))) assert(packed.has(`runtime/${file}`), file);
  // Frameworks, which only some entry points need, are the exception.
  const optional = Object.keys(pkg.peerDependenciesMeta ?? {});
  for (const file of files.filter((each) => each.endsWith('.js'))) {
    const text = readFileSync(path.join(source, file), 'utf8');
    for (const [, wanted] of text.matchAll(/(?:from|import\()\s*'([^'./][^']*)'/g)) {
      assert(optional.some((each) => wanted === each || wanted.startsWith(`${each}/`)), `${file}: ${wanted}`);
    }
  }
});

for (const [how, install] of [
  ['npm install FOLDER', (app, { source }) => run('npm', ['install', source], app)],
  ['npm install TARBALL', (app, { tarball }) => run('npm', ['install', tarball], app)],
  [
    'npm ci after a later npm install',
    (app, { source }) => {
      run('npm', ['install', source], app);
      run('npm', ['install'], app);
      run('npm', ['ci'], app);
    },
  ],
]) {
  test(`a program imports it after ${how}`, (t) => {
    const packed = pack(t);
    const app = path.join(packed.directory, 'app');
    mkdirSync(app);
    writeFileSync(path.join(app, 'package.json'), '{"private": true, "type": "module"}');
    install(app, packed);
    writeFileSync(
      path.join(app, 'app.js'),
      `import { createClient } from 'realtime-client';
import { mockTransport } from 'realtime-client/testing';
const mock = mockTransport().onCall('Tasks/CreateTask', () => ({ task_id: 't' }));
const client = createClient({ ...mock.options });
console.log((await client.tasks.create()).task_id);`,
    );
    assert.equal(run('node', ['app.js'], app).trim(), 't');
  });
}

test('a workspace has it like any other package', (t) => {
  const { directory, source } = pack(t);
  const workspace = path.join(directory, 'workspace');
  mkdirSync(path.join(workspace, 'app'), { recursive: true });
  cpSync(source, path.join(workspace, 'client'), { recursive: true });
  const write = (file, value) => writeFileSync(path.join(workspace, file), JSON.stringify(value));
  write('package.json', { private: true, workspaces: ['app', 'client'] });
  write('app/package.json', {
    name: 'app',
    version: '1.0.0',
    type: 'module',
    dependencies: { 'realtime-client': '*' },
  });
  writeFileSync(path.join(workspace, 'app/app.js'), "import { Code } from 'realtime-client'; console.log(Code.OK);");
  run('npm', ['install'], workspace);
  assert.equal(run('node', ['app/app.js'], workspace).trim(), '0');
});

test('every entry point has types', (t) => {
  const { source } = pack(t);
  const { exports } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  for (const entry of entryPoints(source)) {
    assert(readFileSync(path.join(source, exports[entry].types), 'utf8').length > 0, entry);
    assert(readFileSync(path.join(source, exports[entry].default), 'utf8').length > 0, entry);
  }
});
