// Clients that generators make of the OpenAPI 3.1 document: they compile, and
// receive typed events of the five services.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';

import { root, startServices, temporaryDirectory, token } from '../testing/processes.js';

const here = path.join(root, 'tests/client/generators');
const tool = (name) => path.join(here, 'node_modules/.bin', name);

const COMPILER_OPTIONS = {
  strict: true,
  target: 'es2022',
  module: 'node16',
  lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: [],
  outDir: 'out',
};

/** The bridge, an event for each stream, and a folder with its document. */
async function prepare(t) {
  const bridge = await startServices(t);
  const ann = token('ann');
  const post = async (target, body) => {
    const headers = { Authorization: `Bearer ${ann}` };
    const answer = await fetch(bridge.address + target, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, target);
    return answer.json();
  };
  await post('/prices', { symbol: 'AAPL', price: 2.5 });
  await post('/notifications', { user_id: 'ann', type: 'x', title: 'Hello' });
  const { task_id } = await post('/tasks', {});

  const directory = temporaryDirectory(t);
  const document = path.join(directory, 'openapi.json');
  const answer = await fetch(`${bridge.address}/openapi.json?version=3.1`);
  writeFileSync(document, await answer.text());
  mkdirSync(path.join(directory, 'generated'));
  symlinkSync(path.join(here, 'node_modules'), path.join(directory, 'node_modules'));
  writeFileSync(path.join(directory, 'package.json'), '{}');
  return { bridge, directory, document, ann, task_id };
}

/** Compiles the source beside what was generated, and runs it. */
async function expectReceives({ bridge, directory, ann, task_id }, name) {
  for (const file of ['first.ts', `${name}.ts`]) {
    cpSync(path.join(here, file), path.join(directory, file));
  }
  const project = { compilerOptions: COMPILER_OPTIONS, files: [`${name}.ts`] };
  writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(project));
  run('tsc', ['-p', directory]);
  const { receive } = createRequire(import.meta.url)(path.join(directory, 'out', `${name}.js`));
  const { active_users, ...received } = await receive(bridge.address, ann, task_id);
  assert.deepEqual(received, {
    price: 2.5,
    title: 'Hello',
    status: 'pending',
    type: 'joined',
  });
  assert.equal(typeof active_users, 'number');
}

function run(name, options, directory) {
  try {
    execFileSync(tool(name), options, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    assert.fail(`${name}: ${error.stdout}${error.stderr}`);
  }
}

test('@hey-api/openapi-ts makes a client that receives events', async (t) => {
  const prepared = await prepare(t);
  const { directory, document } = prepared;
  run('openapi-ts', ['-i', document, '-o', path.join(directory, 'generated')], directory);
  await expectReceives(prepared, 'hey_api');
});

test('openapi-typescript makes types of events', async (t) => {
  const prepared = await prepare(t);
  const { directory, document } = prepared;
  const schema = path.join(directory, 'generated/schema.d.ts');
  run('openapi-typescript', [document, '-o', schema], directory);
  await expectReceives(prepared, 'openapi_typescript');
});

test('orval makes a client that receives events', async (t) => {
  const prepared = await prepare(t);
  const { bridge, directory, document } = prepared;
  const config = {
    api: {
      input: document,
      output: {
        target: path.join(directory, 'generated/api.ts'),
        client: 'fetch',
        mode: 'single',
        baseUrl: bridge.address,
      },
    },
  };
  writeFileSync(
    path.join(directory, 'orval.config.cjs'),
    `module.exports = ${JSON.stringify(config)};`,
  );
  run('orval', ['--config', path.join(directory, 'orval.config.cjs')], directory);
  await expectReceives(prepared, 'orval');
});
