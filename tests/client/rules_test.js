// Validation rules: the OpenAPI document refuses what the bridge refuses, or
// names the rule that it cannot express.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { parse } from 'yaml';

import { generate } from './testing/clients.js';
import { Document } from './testing/documents.js';
import { Bridge, root } from './testing/processes.js';
import { assertValid } from './testing/sampler.js';

// Valid and invalid values of each field. The document cannot tell that those in
// `named` are invalid.
const cases = {
  email: { valid: ['a@example.com'], invalid: ['', 'a b', 'a@'] },
  hostname: { valid: ['example.com'], invalid: ['-', 'a..b'] },
  ip: { valid: ['127.0.0.1', '::1'], invalid: ['127.0.0', 'x'] },
  address: { valid: ['127.0.0.1', '::1', 'example.com'], invalid: ['a b'] },
  uri: { valid: ['https://example.com/a?b#c'], invalid: ['', 'a', '//a b'] },
  reference: { valid: ['', '/a?b', 'https://example.com'], invalid: ['a b'] },
  uuid: { valid: ['550e8400-e29b-41d4-a716-446655440000'], invalid: ['550e8400'] },
  tuuid: { valid: ['550e8400e29b41d4a716446655440000'], invalid: ['550e8400'] },
  ulid: { valid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'], invalid: ['81ARZ3NDEKTSV4RRFFQ69G5FAV', 'x'] },
  header: { valid: ['X-Name', ':path'], invalid: ['', 'a b', 'a\n'] },
  length: { valid: ['abc', 'äöü', '😀😀😀'], invalid: ['ab', 'abcd'] },
  bytes: { valid: ['abcd', 'ää'], invalid: ['abcde'], named: ['ääa'] },
  pattern: { valid: ['abc'], invalid: ['', 'a1'] },
  parts: { valid: ['a..z'], invalid: ['a.', '.z', 'a.--.z'] },
  choice: { valid: ['x', 'y'], invalid: ['', 'z'] },
  range: { valid: [1, 4], invalid: [0, 5] },
  outside: { valid: [0, 6], invalid: [1, 5] },
  long: { valid: ['1', 2], invalid: ['3', 0] },
  positive: { valid: ['1', 1], invalid: [0, -1], named: ['0'] },
  tenth: { valid: [0.1, 1, 'Infinity'], invalid: [0.09, 'NaN', '-Infinity'] },
  finite: { valid: [1.5], invalid: ['NaN', 'Infinity'] },
  kind: { valid: ['SMALL'], invalid: ['NONE', 7] },
  yes: { valid: [true], invalid: [false] },
  four: { valid: ['AAAAAA==', 'AAAAAA'], invalid: ['AAAA', 'AAAAAAAAAAAA'], named: ['AAAAAAA='] },
  list: { valid: [[], ['a', 'b']], invalid: [['a', 'b', 'c'], ['a', 'a'], ['']] },
  pairs: { valid: [{}, { ab: 1 }], invalid: [{ a: 1 }, { ab: 0 }, { ab: 1, cd: 1 }] },
  needs: { valid: [{ name: 'a', count: 1 }], invalid: [{}, { name: '', count: 1 }, { name: 'a', count: 0 }] },
  either: { valid: [{ a: 'x' }, { b: '' }, { a: '', b: 'x' }], invalid: [{}, { a: '' }, { a: 'x', b: 'y' }] },
  one: { valid: [{ c: '' }, { d: 'x' }], invalid: [{}, { c: 'x', d: 'y' }] },
  ignored: { valid: ['', 'abc'], invalid: ['ab'] },
  never: { valid: ['', 'a'], invalid: [] },
  wait: { valid: ['1s', '2.5s'], invalid: [], named: ['0.5s'] },
  even: { valid: ['', 'ab'], invalid: [], named: ['a'] },
  prefix: { valid: ['10.0.0.0/8'], invalid: [], named: ['10.0.0.0'] },
};

test('the document refuses what the bridge refuses, or names the rule', async (t) => {
  const generated = generate(t, path.join(root, 'tests/client/rules'));
  const set = path.join(generated, 'descriptors/schema.binpb');
  const written = parse(readFileSync(path.join(generated, 'openapi/openapi.yaml'), 'utf8'));
  await assertValid(written, '3.2');
  const document = new Document(written);
  const { properties } = written.components.schemas['rules.v1.Request'];
  assert.deepEqual(Object.keys(cases), Object.keys(properties));

  // Without a backend, a valid request is answered with 503.
  const options = ['--descriptor-set', set, '--default-access', 'public'];
  const bridge = await new Bridge(t, '127.0.0.1:1', options).start();
  const statusOf = async (body) => {
    const answer = await fetch(`${bridge.address}/check`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    await answer.text();
    return answer.status;
  };
  for (const [name, { valid, invalid, named = [] }] of Object.entries(cases)) {
    for (const value of valid) {
      const body = { [name]: value };
      assert.equal(await statusOf(body), 503, JSON.stringify(body));
      assert.equal(document.bodyProblems('post /check', body), null, JSON.stringify(body));
    }
    for (const value of [...invalid, ...named]) {
      const body = { [name]: value };
      assert.equal(await statusOf(body), 400, JSON.stringify(body));
    }
    for (const value of invalid) {
      const body = { [name]: value };
      assert.notEqual(document.bodyProblems('post /check', body), null, JSON.stringify(body));
    }
    for (const value of named) {
      const body = { [name]: value };
      assert.equal(document.bodyProblems('post /check', body), null, JSON.stringify(body));
    }
    const isNamed = JSON.stringify(properties[name]).includes('x-validation');
    assert.equal(isNamed, named.length > 0, name);
  }
});
