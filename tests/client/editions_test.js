// A schema in editions 2023 and 2024, with every feature in both states: the
// bridge reads and writes the JSON and the bytes of protobuf-es.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

import { generate } from './testing/clients.js';
import { startEditionsBackend } from './testing/editions_backend.js';
import { Bridge, root, temporaryDirectory } from './testing/processes.js';

process.env.BUF = path.join(root, 'tests/client/node_modules/.bin/buf');
const protos = path.join(root, 'tests/client/editions');

async function start(t, reflected = false) {
  const generated = generate(t, protos);
  const file = path.join(generated, 'descriptors/schema.binpb');
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(file));
  const registry = createFileRegistry(set);
  const backend = await startEditionsBackend(t, set);
  const schema = reflected ? ['--reflect'] : ['--descriptor-set', file];
  const options = [...schema, '--default-access', 'public'];
  const bridge = await new Bridge(t, backend, options).start();
  return { bridge, registry, generated, type: (name) => registry.getMessage(`editions.v1.${name}`) };
}

async function post(bridge, target, body) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(bridge.address + target, { method: 'POST', headers, body });
  return { status: response.status, text: (await response.text()).trimEnd() };
}

/** JSON values for a field: its default, others, and null. */
function valuesOf(field, depth) {
  const scalar = (kind, type, message, enumeration) => {
    if (kind === 'enum') return enumeration.values.map((value) => value.name);
    if (kind === 'message') {
      if (message.typeName === 'google.protobuf.Timestamp') return ['2026-01-02T03:04:05Z'];
      return depth === 0 ? [{}] : [{}, ...bodiesOf(message, depth - 1)];
    }
    return {
      1: [0, 1.5, 'NaN'], // double
      3: ['0', '9007199254740993'], // int64
      5: [0, -1, 7], // int32
      8: [false, true], // bool
      9: ['', 'text', 'é'], // string
      12: ['', 'AP8='], // bytes
    }[type];
  };
  switch (field.fieldKind) {
    case 'list': {
      const all = scalar(field.listKind, field.scalar, field.message, field.enum);
      return [[], ...all.map((each) => [each]), all, null];
    }
    case 'map': {
      const all = scalar(field.mapKind, field.scalar, field.message, field.enum);
      return [{}, ...all.map((each) => ({ 1: each })), null];
    }
    default:
      return [...scalar(field.fieldKind, field.scalar, field.message, field.enum), null];
  }
}

/** Bodies with one field each, and one with all. */
function bodiesOf(message, depth = 2) {
  const bodies = message.fields.flatMap((field) =>
    valuesOf(field, depth).map((value) => ({ [field.jsonName]: value })),
  );
  const whole = {};
  for (const field of message.fields) {
    if (field.oneof) continue;
    const values = valuesOf(field, 0).filter((value) => value !== null);
    whole[field.jsonName] = values.at(-1);
  }
  return [{}, ...bodies, whole];
}

test('requests and answers are the JSON and the bytes of protobuf-es', async (t) => {
  const { bridge, type } = await start(t);
  let count = 0;
  for (const [target, name] of [
    ['/mixed', 'Mixed'],
    ['/old', 'Old'],
  ]) {
    for (const body of bodiesOf(type(name))) {
      const message = fromJson(type(name), body);
      const answer = await post(bridge, target, JSON.stringify(body));
      assert.deepEqual(answer, { status: 200, text: toJsonString(type(name), message) });
      if (name !== 'Mixed') continue;
      const { data } = JSON.parse((await post(bridge, '/mixed:wire', JSON.stringify(body))).text);
      const bytes = Buffer.from(toBinary(type(name), message)).toString('base64');
      assert.equal(data ?? '', bytes, JSON.stringify(body));
      count += 1;
    }
  }
  assert.ok(count > 200, `${count} bodies`);
});

const varint = (number, ...values) => [number * 8, ...values].flatMap(encoded);
const bytes = (number, ...values) => [...encoded(number * 8 + 2), values.length, ...values];
const group = (number, ...fields) => [
  ...encoded(number * 8 + 3),
  ...fields,
  ...encoded(number * 8 + 4),
];
function encoded(value) {
  const out = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return [...out, value];
}

const wires = [
  [],
  // Defaults on the wire: with and without presence.
  [...varint(1, 0), ...varint(2, 0), ...bytes(3), ...bytes(4)],
  [...varint(5, 0), ...varint(6, 0), ...bytes(9), ...varint(12, 0), ...varint(13, 0)],
  // Unknown numbers of closed and open enums, also in lists and maps.
  [...varint(11, 9), ...varint(12, 9), ...varint(13, 9)],
  [...varint(11, 2), ...varint(11, 9)],
  [...bytes(14, 1, 2), ...bytes(15, 1, 9, 0), ...varint(16, 9), ...varint(16, 1)],
  bytes(19, ...bytes(1, 97), ...varint(2, 9)),
  // Packed and not, whatever the schema says.
  [...varint(17, 1), ...varint(17, 2), ...bytes(18, 3, 4), ...varint(14, 1), ...varint(15, 7)],
  // Delimited messages, nested.
  group(22, ...bytes(1, 120), ...group(3, ...varint(2, 5))),
  [...group(23), ...group(23, ...varint(2, 1)), ...bytes(24, ...bytes(1, 97), ...bytes(2, 16, 1))],
  [...group(32, ...varint(1, 60)), ...bytes(21, ...group(3, ...bytes(1, 121)))],
  bytes(35, ...group(1, ...varint(1, 0), ...varint(2, 1), ...varint(2, 2), ...group(3))),
  // Oneofs.
  [...varint(28, 0)],
  [...varint(28, 1), ...group(30, ...varint(2, 2))],
  [...varint(31, 9)],
  // Out of order, repeated, and merged: not what a library writes.
  [...varint(12, 9), ...varint(1, 5), ...varint(1, 6)],
  [...bytes(15, 9, 1), ...varint(1, 5), ...varint(15, 8), ...varint(13, 77), ...varint(13, 1)],
  [...varint(13, 1), ...varint(1, 5), ...varint(13, 77)],
  [...bytes(19, ...bytes(1, 97), ...varint(2, 9)), ...varint(1, 2), ...bytes(19, ...bytes(1, 97), ...varint(2, 1))],
  [...group(22, ...varint(2, 5)), ...group(22, ...bytes(1, 122)), ...varint(2, 0)],
  [...bytes(34 - 1, ...varint(6, 7)), ...varint(34, 8), ...varint(11, 1), ...varint(11, 9)],
  // Bytes that are not UTF-8 where nobody verifies.
  bytes(27, 97, 0xff, 98),
];

test('answers print what protobuf-es reads from the same bytes', async (t) => {
  const { bridge, type } = await start(t);
  const print = { alwaysEmitImplicit: true };
  for (const wire of wires) {
    const message = fromBinary(type('Mixed'), Uint8Array.from(wire));
    const data = Buffer.from(wire).toString('base64');
    const body = JSON.stringify({ data });
    const raw = await post(bridge, '/mixed:raw', body);
    assert.deepEqual(raw, { status: 200, text: toJsonString(type('Mixed'), message) }, data);
    const printed = await post(bridge, '/mixed:printed', body);
    assert.equal(printed.text, toJsonString(type('Mixed'), message, print), data);
  }
  // protobuf-es prints unknown numbers in lists and maps of closed enums. By the
  // specification (https://protobuf.dev/programming-guides/enum) they are
  // unknown fields, as in singular fields.
  for (const [wire, json] of [
    [bytes(14, 1, 9, 2), '{"closedList":["FIRST","SECOND"]}'],
    [bytes(35, ...bytes(6, ...bytes(1, 97), ...varint(2, 9)), ...varint(4, 1)), '{"delimited":{"number":1}}'],
  ]) {
    const data = Buffer.from(wire).toString('base64');
    const { text } = await post(bridge, '/mixed:raw', JSON.stringify({ data }));
    assert.equal(text, json);
  }
});

test('editions are read by reflection', async (t) => {
  const { bridge } = await start(t, true);
  const body = '{"explicitNumber":0,"closed":"FIRST","group":{"text":"x"},"modern":{"number":0}}';
  assert.deepEqual(await post(bridge, '/mixed', body), { status: 200, text: body });
  const implicit = await post(bridge, '/mixed', '{"implicitNumber":0}');
  assert.deepEqual(implicit, { status: 200, text: '{}' });
});

test('ids of events are read from delimited messages', async (t) => {
  const { bridge } = await start(t);
  const wire = Buffer.from(group(22, ...bytes(1, 120, 121)));
  const data = encodeURIComponent(wire.toString('base64'));
  const response = await fetch(`${bridge.address}/mixed:watch?data=${data}`);
  assert.match(await response.text(), /\nid: ?xy\n/);
});

test('requests follow presence, closed enums and required fields', async (t) => {
  const { bridge } = await start(t);
  const query = await fetch(
    `${bridge.address}/mixed?implicitNumber=0&explicitNumber=0&group.number=4&open_list=SOME`,
  );
  assert.equal((await query.text()).trimEnd(), '{"explicitNumber":0,"openList":["SOME"],"group":{"number":4}}');

  for (const [field, value] of [
    ['closed', 9],
    ['closedList', [1, 9]],
    ['delimited', { closedMap: { a: 9 } }],
    // The bridge cannot hold these in a file that also has closed enums.
    ['open', 9],
    ['openList', [9]],
  ]) {
    const answer = await post(bridge, '/mixed', JSON.stringify({ [field]: value }));
    assert.equal(answer.status, 400, field);
    assert.match(answer.text, /no value 9 in enum editions\.v1\./);
  }
  const kept = await post(bridge, '/mixed', '{"modern":{"color":9},"color":"RED"}');
  assert.equal(kept.text, '{"modern":{"color":9},"color":"RED"}');

  assert.equal((await post(bridge, '/demanding', '{"needed":"","other":0}')).text, '{"needed":""}');
  const missing = await post(bridge, '/demanding', '{"other":1}');
  assert.equal(missing.status, 400);
  assert.match(missing.text, /needed/);
});

test('documents and clients follow the features', async (t) => {
  const { generated, bridge } = await start(t);
  const messages = readFileSync(path.join(generated, 'ts/messages.d.ts'), 'utf8');
  assert.match(messages, /\n  closed\?: Closed;/);
  assert.match(messages, /\n  open\?: Opened \| number;/);
  // The same of an image, which also has what protos import.
  const again = temporaryDirectory(t);
  const image = path.join(generated, 'descriptors/schema.binpb');
  execFileSync(path.join(root, 'scripts/gen.sh'), ['--image', image, '--out', again]);
  assert.equal(readFileSync(path.join(again, 'ts/messages.d.ts'), 'utf8'), messages);

  const schema = await (await fetch(`${bridge.address}/schema.json`)).json();
  const optional = (name) =>
    schema.messages['editions.v1.Mixed'].find((field) => field.name === name).optional;
  assert.equal(optional('implicit_number') ?? false, false);
  assert.equal(optional('explicit_number'), true);
});
