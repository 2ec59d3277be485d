// The types of the runtime compile under `tsc --strict`, with and without the
// DOM, say what is right, and refuse what is wrong.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { root, temporaryDirectory } from './testing/processes.js';

const here = path.join(root, 'tests/client');
const tsc = path.join(here, 'node_modules/typescript/bin/tsc');

for (const libraries of ['es2022,dom', 'es2022']) {
  test(`with the libraries ${libraries}`, (t) => {
    const directory = temporaryDirectory(t);
    cpSync(path.join(root, 'gen/ts'), path.join(directory, 'client'), { recursive: true });
    cpSync(path.join(here, 'types/runtime.ts'), path.join(directory, 'program.ts'));
    mkdirSync(path.join(directory, 'empty'));
    const options = [
      ...['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
      ...['--target', 'es2022', '--module', 'nodenext', '--lib', libraries],
      ...['--typeRoots', 'empty', '--moduleDetection', 'force', 'program.ts'],
    ];
    const { status, stdout } = spawnSync('node', [tsc, ...options], { cwd: directory, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
}
