// Names of a schema that mean something in JavaScript or TypeScript, or that
// become one: each keeps a place of its own.
import assert from 'node:assert';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { generate, installed } from './testing/clients.js';
import { compile } from './testing/compiler.js';
import { root, temporaryDirectory } from './testing/processes.js';

// ECMA-262 "Keywords and Reserved Words", and what TypeScript adds.
const words = `
arguments as async await break case catch class const constructor continue debugger default delete do else
enum eval export extends false finally for from function get if implements import in instanceof interface let
new null of package private protected public return set static super switch target this throw true try typeof
var void while with yield
abstract accessor any asserts assert bigint boolean declare global infer intrinsic is keyof module namespace
never number object out override readonly require satisfies string symbol type undefined unique unknown using
NaN Infinity globalThis exports __dirname __filename __esModule
__proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ hasOwnProperty isPrototypeOf
propertyIsEnumerable toLocaleString toString valueOf toJSON then prototype name length caller apply call bind
`.trim().split(/\s+/);

// Globals of JavaScript and types of its library.
const globals = `
Array ArrayBuffer AsyncIterable AsyncIterableIterator BigInt Boolean DataView Date Error Exclude Function Infinity
Iterable JSON Map Math Number Object Omit Partial Pick Promise Proxy Readonly ReadonlyArray ReadonlyMap Record
Reflect RegExp Required Set String Symbol Uint8Array WeakMap
`.trim().split(/\s+/);

/** What the package of a client exports beside its messages. */
function exportsOf(file) {
  const text = readFileSync(file, 'utf8');
  const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) => list.split(','));
  const own = [...text.matchAll(/^export (?:declare )?(?:class|const|function|interface|type) (\w+)/gm)];
  return [...lists.map((each) => each.trim()), ...own.map(([, name]) => name)].filter((each) => /^\w+$/.test(each));
}

const unique = (names) => [...new Set(names)];
const http = (verb, target) => `option (google.api.http) = { ${verb}: "${target}"${verb === 'post' ? ' body: "*"' : ''} };`;
const capital = (name) => name[0].toUpperCase() + name.slice(1);

const own = exportsOf(path.join(root, 'gen/ts/index.d.ts'));
const types = unique([...words, ...globals, ...own, 'message', 'int32', 'bool', 'rpc']);

function writeProtos(directory) {
  const write = (file, text) => {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), `syntax = "proto3";\n${text}`);
  };
  // Messages, enums within, and their twins in packages with the same end.
  const uses = (pkg) => types.map((name, i) => `.${pkg}.${name} f${i} = ${i + 1};`).join('\n');
  for (const pkg of ['names.v1', 'names_v1', 'other.v1']) {
    const file = pkg.replaceAll('.', '/');
    const messages = types.map((name) => `message ${name} { string text = 1; }`).join('\n');
    write(
      `${file}/types.proto`,
      `package ${pkg};\nimport "google/api/annotations.proto";\n${messages}\nmessage Uses { ${uses(pkg)} }\n` +
        `service Types { rpc Get(Uses) returns (Uses) { ${http('post', `/${pkg}/types`)} } }`,
    );
  }
  // Fields, and enums with such values, nested in messages with such names.
  const fields = words.map((name, i) => `string ${name} = ${i + 1} [json_name = "${name}"];`).join('\n');
  const values = words.map((name, i) => `${name} = ${i + 1};`).join(' ');
  const nested = words.map((name) => `enum ${name} { UNSPECIFIED_${name} = 0; }`).join('\n');
  const nestedUses = words.map((name, i) => `Nest.${name} f${i} = ${i + 1};`).join('\n');
  write(
    'fields.proto',
    `package fields.v1;\nimport "google/api/annotations.proto";
message Fields { ${fields} }
message Kinds { enum Kind { NONE = 0; ${values} } Kind kind = 1; }
message Nest { ${nested} }
message NestUses { ${nestedUses} }
message Nest_then { string text = 1; }
message Choice { oneof first { string constructor = 1; string other = 2; } oneof second { string then = 3; int32 toString = 4 [json_name = "toString"]; } }
message Order { message Invoice { string text = 1; } Invoice invoice = 1; OrderInput input = 2; Order_Invoice twin = 3; }
message Order_Invoice { string text = 1; }
message OrderInput { string text = 1; }
message KindNumber { Kinds.Kind kind = 1; Nest_then then = 2; }
message KindsClient { string text = 1; }
service Kinds_ { rpc Get(KindNumber) returns (KindNumber) { ${http('post', '/kinds')} } }
service Fielded {
  rpc Echo(Fields) returns (Fields) { ${http('post', '/fields')} }
  rpc Kinds(.fields.v1.Kinds) returns (.fields.v1.Kinds) { ${http('post', '/fieldkinds')} }
  rpc Nested(NestUses) returns (NestUses) { ${http('post', '/nested')} }
  rpc Choose(Choice) returns (Choice) { ${http('post', '/choice')} }
  rpc Change(Order) returns (Order) { ${http('post', '/order')} }
  rpc Client(KindsClient) returns (KindsClient) { ${http('post', '/client')} }
${words.map((name) => `  rpc Path_${name}(Fields) returns (Fields) { ${http('get', `/path_${name}/{${name}}`)} }`).join('\n')}
}`,
  );
  // Methods, each also with a capital.
  const methods = unique(words.flatMap((name) => [capital(name), name]));
  write(
    'methods.proto',
    `package methods.v1;\nimport "google/api/annotations.proto";\nmessage Empty {}\nservice Words {
${methods.map((name, i) => `  rpc ${name}(Empty) returns (Empty) { ${http('get', `/methods/${i}`)} }`).join('\n')}
  rpc ListWords(Empty) returns (Empty) { ${http('get', '/methods/list1')} }
  rpc ListWord(Empty) returns (Empty) { ${http('get', '/methods/list2')} }
  rpc List(Empty) returns (Empty) { ${http('get', '/methods/list3')} }
}`,
  );
  // Services, each also with a capital and as a "Service".
  const members = ['shared', 'close', 'eventSource', 'transport', 'options'];
  const services = unique(
    [...words, ...members].flatMap((name) => [capital(name), name, `${capital(name)}Service`]),
  );
  write(
    'services.proto',
    `package services.v1;\nimport "google/api/annotations.proto";\nmessage Empty {}
${services.map((name, i) => `service ${name} { rpc Get(Empty) returns (Empty) { ${http('get', `/services/${i}`)} } }`).join('\n')}`,
  );
  return { methods: methods.length + 3, services: services.length };
}

test('every name of a schema has its place, and means nothing else', async (t) => {
  const protos = temporaryDirectory(t);
  const counts = writeProtos(protos);
  const client = installed(t, path.join(generate(t, protos, ['--package', 'names-client']), 'ts'));
  const load = (file) => import(pathToFileURL(path.join(client, file)).href);

  await t.test('types are declared once and can be used', () => {
    const declared = readFileSync(path.join(client, 'messages.d.ts'), 'utf8');
    const names = [...declared.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of exportsOf(path.join(client, 'index.d.ts'))) {
      assert.ok(!names.includes(name), `${name} is also exported by the client`);
    }
    const program = [
      `import { createClient } from './client/index.js';`,
      `import type * as root from './client/index.js';`,
      `import * as messages from './client/messages.js';`,
      `const client = createClient({ baseUrl: 'http://127.0.0.1' });`,
      ...names.map((name, i) => `export type T${i} = [root.${name}, messages.${name}];`),
      `export const nothing: messages.Fields = {};`,
      `export const some: messages.Fields = { constructor: 'a', toString: 'b', ['__proto__']: 'c', then: 'd' };`,
      `export const choice: messages.Choice = { other: 'x', then: 'y' };`,
      `export async function use(): Promise<unknown> {`,
      `  const same: typeof client = await client;`,
      `  const text: string = String(client) + client.toString() + client.fielded.toString();`,
      `  return [same, text, await client.fielded.echo({}), client.words.list];`,
      `}`,
    ];
    compile(t, program.join('\n'), client, 'es2022');
  });

  await t.test('each message has one descriptor', async () => {
    const constants = Object.values(await load('messages.js'));
    const typeNames = constants.map((each) => each.typeName).filter((each) => typeof each === 'string');
    assert.equal(new Set(typeNames).size, typeNames.length);
    for (const pkg of ['names.v1', 'names_v1', 'other.v1']) {
      for (const name of types) assert.ok(typeNames.includes(`${pkg}.${name}`), `${pkg}.${name}`);
    }
    const values = constants.find((each) => Object.hasOwn(each, 'instanceof') && each.instanceof === 'instanceof');
    assert.deepEqual(Object.keys(values).sort(), ['NONE', ...words].sort());
    assert.equal(Object.getPrototypeOf(values), Object.prototype);
  });

  const sent = [];
  const fetch = async (url, { method, body }) => {
    sent.push({ method, target: url.replace('http://bridge', ''), body });
    return new Response('{}', { headers: { 'Content-Type': 'application/json' } });
  };
  const { createClient } = await load('index.js');
  const made = createClient({ baseUrl: 'http://bridge', fetch });

  await t.test('a client and its services can be awaited, printed and compared', async () => {
    assert.equal(await made, made);
    assert.equal(String(made), '[object Object]');
    assert.ok(made.hasOwnProperty('words'));
    for (const service of Object.values(made)) {
      assert.equal(await service, service);
      assert.equal(typeof service.toString(), 'string');
      assert.equal(typeof service.constructor, 'function');
    }
    assert.equal(typeof JSON.stringify(made), 'string');
    const own = Object.getPrototypeOf(made);
    for (const member of Object.getOwnPropertyNames(own)) assert.equal(made[member], own[member], member);
  });

  await t.test('each method of each service calls its own path', async () => {
    const targets = new Set();
    const methods = Object.values(made.words);
    assert.equal(methods.length, counts.methods);
    const services = Object.values(made).filter((each) => each !== made.words && typeof each.get === 'function');
    for (const call of [...methods, ...services.map((each) => each.get)]) {
      await call({});
      const { target } = sent.pop();
      assert.ok(!targets.has(target), target);
      targets.add(target);
    }
    const ofServices = [...targets].filter((each) => each.startsWith('/services/'));
    assert.equal(ofServices.length, counts.services);
  });

  await t.test('fields are sent as they are named, and unset ones are not', async () => {
    const all = Object.fromEntries(words.map((name) => [name, `the ${name}`]));
    await made.fielded.echo(all);
    assert.deepEqual(Object.entries(JSON.parse(sent.pop().body)), Object.entries(all));
    for (const [name, value] of Object.entries(all)) {
      const method = Object.values(made.fielded).find((each) => each.method.name.endsWith(`/Path_${name}`));
      await assert.rejects(async () => method({}), new RegExp(`${name} is missing`), name);
      await assert.rejects(async () => method(Object.create(null)), new RegExp(`${name} is missing`), name);
      await method(Object.fromEntries([[name, value], ['with', 'more']]));
      const { target } = sent.pop();
      const rest = name === 'with' ? '' : '?with=more';
      const expected = name === 'with' ? 'more' : encodeURIComponent(value);
      assert.equal(target, `/path_${name}/${expected}${rest}`);
    }
    assert.equal(sent.length, 0);
  });
});
