// Generated types compile under `tsc --strict`, say what is right, and refuse
// what is wrong (`@ts-expect-error`).
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { generate } from './testing/clients.js';
import { root, temporaryDirectory } from './testing/processes.js';

const here = path.join(root, 'tests/client');
const tsc = path.join(here, 'node_modules/typescript/bin/tsc');

function compile(t, program, client, libraries) {
  const directory = temporaryDirectory(t);
  cpSync(client, path.join(directory, 'client'), { recursive: true });
  cpSync(path.join(here, 'types', program), path.join(directory, 'program.ts'));
  mkdirSync(path.join(directory, 'empty'));
  symlinkSync(path.join(here, 'node_modules'), path.join(directory, 'node_modules'));
  const options = [
    ...['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
    ...['--target', 'es2022', '--module', 'nodenext', '--lib', libraries],
    ...['--typeRoots', 'empty', '--moduleDetection', 'force', 'program.ts'],
  ];
  const { status, stdout } = spawnSync('node', [tsc, ...options], {
    cwd: directory,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
}

test('the client of the five services', (t) => {
  compile(t, 'realtime.ts', path.join(root, 'gen/ts'), 'es2022,dom');
});

test('the client of a foreign schema, without the DOM', (t) => {
  const out = generate(t, path.join(root, 'tests/foreign/proto'));
  compile(t, 'observatory.ts', path.join(out, 'ts'), 'es2022');
});
