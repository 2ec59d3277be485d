// `redocly lint` and `spectral lint` find nothing in the documents.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import spectralParsers from '@stoplight/spectral-parsers';
import spectralRulesets from '@stoplight/spectral-rulesets';

import { generate } from '../testing/clients.js';
import { Bridge, root, startForeignBackend, startServices } from '../testing/processes.js';

const { Document, Spectral } = spectralCore;
const golden = path.join(root, 'tests/unit/codegen/golden');

// The rules that both recommend, except these.
const REDOCLY_OFF = {
  // The owner of a schema decides on a license.
  'info-license': 'off',
  'info-license-strict': 'off',
};
const SPECTRAL_OFF = {
  // Since 3.1, a requirement of any scheme may name roles, which need no list.
  // That the scheme exists is checked by redocly (security-defined).
  'oas3-operation-security-defined': 'off',
};

// What a schema without comments and annotations lacks.
const TEXTS = ['info-contact', 'operation-description', 'tag-description'];

async function problemsOf(source) {
  const config = await createConfig({ extends: ['recommended'], rules: REDOCLY_OFF });
  const redocly = await lintFromString({ source, absoluteRef: '/openapi.yaml', config });
  const spectral = new Spectral();
  spectral.setRuleset({
    extends: [[spectralRulesets.oas, 'recommended']],
    rules: SPECTRAL_OFF,
  });
  const found = await spectral.run(new Document(source, spectralParsers.Yaml, '/openapi.yaml'));
  return [
    ...redocly.map(({ ruleId, message, location }) => ({
      rule: ruleId,
      message: `redocly: ${message} ${location[0]?.pointer ?? ''}`,
    })),
    ...found.map(({ code, message, path: at }) => ({
      rule: String(code),
      message: `spectral: ${message} ${at.join('/')}`,
    })),
  ];
}

async function expectClean(source, allowed = []) {
  const problems = await problemsOf(source);
  const left = problems.filter(({ rule }) => !allowed.includes(rule));
  assert.deepEqual(left, []);
}

async function served(bridge, version) {
  const answer = await fetch(`${bridge.address}/openapi.yaml?version=${version}`);
  assert.equal(answer.status, 200);
  return answer.text();
}

test('both linters find what is wrong', async () => {
  const committed = readFileSync(path.join(root, 'gen/openapi/openapi.yaml'), 'utf8');
  const rules = async (text) => (await problemsOf(text)).map(({ rule }) => rule);
  const unnamed = await rules(committed.replace(/^ +operationId: Prices_PublishPrice\n/m, ''));
  // Once by each.
  assert.deepEqual(unnamed.filter((rule) => rule === 'operation-operationId').length, 2);
  const dangling = await rules(committed.replace('schemas/realtime.v1.PriceUpdate"', 'schemas/X"'));
  assert(dangling.includes('no-unresolved-refs') && dangling.includes('invalid-ref'));
});

test('the documents of the five services are clean', async (t) => {
  await expectClean(readFileSync(path.join(root, 'gen/openapi/openapi.yaml'), 'utf8'));
  const bridge = await startServices(t);
  for (const version of ['3.1', '3.2']) await expectClean(await served(bridge, version));
});

test('so are those of a schema that uses everything', async () => {
  for (const version of ['3.1', '3.2']) {
    const file = path.join(golden, `openapi-${version}/openapi.yaml`);
    await expectClean(readFileSync(file, 'utf8'), TEXTS);
  }
});

test('a foreign schema lacks only texts, with reflection too', async (t) => {
  const protos = path.join(root, 'tests/foreign/proto');
  const file = path.join(generate(t, protos), 'openapi/openapi.yaml');
  await expectClean(readFileSync(file, 'utf8'), TEXTS);
  const backend = await startForeignBackend(t);
  const bridge = await new Bridge(t, backend.address, ['--reflect']).start();
  for (const version of ['3.1', '3.2']) await expectClean(await served(bridge, version), TEXTS);
});

test('the texts of the cookbook are there', async (t) => {
  const bridge = await startServices(t);
  const { paths } = await (await fetch(`${bridge.address}/openapi.json`)).json();
  const prices = paths['/prices/stream'].post;
  assert.equal(prices.summary, 'Stream price updates');
  assert.equal(prices.description, 'Streams real-time price updates for specified symbols');
  assert.deepEqual(prices.tags, ['prices', 'streaming']);
  for (const [name, summary, tag] of [
    ['/notifications/stream', 'Stream notifications', 'notifications'],
    ['/tasks/{task_id}/progress', 'Stream task progress', 'tasks'],
    ['/channels/{channel}/stream', 'Stream channel events', 'channels'],
    ['/admin/metrics/stream', 'Stream dashboard metrics', 'metrics'],
  ]) {
    assert.equal(paths[name].get.summary, summary);
    assert.deepEqual(paths[name].get.tags, [tag, 'streaming']);
  }
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item)) {
      assert(operation.summary.length <= 40, operation.summary);
      assert(operation.description.length > 0, operation.summary);
      assert.notEqual(operation.description, operation.summary);
    }
  }
});
