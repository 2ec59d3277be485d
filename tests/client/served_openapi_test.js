// The OpenAPI document that the bridge serves, of whatever schema it has.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { parse } from 'yaml';

import { Bridge, root, startForeignBackend, startServices } from './testing/processes.js';
import { assertValid, Sampler } from './testing/sampler.js';

async function get(bridge, target) {
  const response = await fetch(bridge.address + target);
  assert.equal(response.status, 200, target);
  return response;
}

test('the bridge serves what gen.sh writes', async (t) => {
  const committed = parse(readFileSync(path.join(root, 'gen/openapi/openapi.yaml'), 'utf8'));
  const bridge = await startServices(t);
  const json = await get(bridge, '/openapi.json');
  assert.equal(json.headers.get('Content-Type'), 'application/json');
  assert.deepEqual(await json.json(), committed);
  const yaml = await get(bridge, '/openapi.yaml');
  assert.equal(yaml.headers.get('Content-Type'), 'application/yaml');
  assert.deepEqual(parse(await yaml.text()), committed);

  const older = await (await get(bridge, '/openapi.json?version=3.1')).json();
  await assertValid(older, '3.1');
  assert.deepEqual(Object.keys(older.paths), Object.keys(committed.paths));

  assert.equal((await fetch(`${bridge.address}/openapi.json?version=2`)).status, 400);
  assert.equal((await fetch(`${bridge.address}/openapi.json?more=1`)).status, 400);
  assert.equal((await fetch(`${bridge.address}/openapi.json`, { method: 'POST' })).status, 405);
});

test('a schema from reflection has its document, with methods without a route', async (t) => {
  const backend = await startForeignBackend(t);
  const bridge = await new Bridge(t, backend.address, ['--reflect']).start();
  const document = await (await get(bridge, '/openapi.json')).json();
  await assertValid(document, '3.2');
  const sampler = new Sampler(bridge, document);
  const service = '/acme.observatory.v2.Telescopes';
  await sampler.call(`get ${service}/Hidden`, `${service}/Hidden`);
  await sampler.call(`post ${service}/Hidden`, `${service}/Hidden`, { body: {} });
  await sampler.stream('get /v2/count/{to}', '/v2/count/3');
});
