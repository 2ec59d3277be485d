// Generated types compile under `tsc --strict`, say what is right, and refuse
// what is wrong (`@ts-expect-error`).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { generate } from './testing/clients.js';
import { compile } from './testing/compiler.js';
import { root } from './testing/processes.js';

const here = path.join(root, 'tests/client');
const program = (name) => readFileSync(path.join(here, 'types', name), 'utf8');

test('the client of the five services', (t) => {
  compile(t, program('realtime.ts'), path.join(root, 'gen/ts'), 'es2022,dom');
});

test('oneofs, enums, descriptors, conversions and stores', (t) => {
  const out = generate(t, path.join(here, 'messages'));
  compile(t, program('messages.ts'), path.join(out, 'ts'), 'es2022');
});

test('the client of a foreign schema, without the DOM', (t) => {
  const out = generate(t, path.join(root, 'tests/foreign/proto'));
  compile(t, program('observatory.ts'), path.join(out, 'ts'), 'es2022');
});
