// TypeScript as a user of a generated client compiles it.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { root, temporaryDirectory } from './processes.js';

const modules = path.join(root, 'tests/client/node_modules');
const tsc = path.join(modules, 'typescript/bin/tsc');

/** Fails unless the program, which imports ./client/, compiles. */
export function compile(t, program, client, libraries) {
  const directory = temporaryDirectory(t);
  cpSync(client, path.join(directory, 'client'), { recursive: true });
  writeFileSync(path.join(directory, 'program.ts'), program);
  mkdirSync(path.join(directory, 'empty'));
  symlinkSync(modules, path.join(directory, 'node_modules'));
  const options = [
    ...['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
    ...['--target', 'es2022', '--module', 'nodenext', '--lib', libraries],
    ...['--typeRoots', 'empty', '--moduleDetection', 'force', 'program.ts'],
  ];
  const { status, stdout } = spawnSync('node', [tsc, ...options], {
    cwd: directory,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout.slice(0, 5000));
}
