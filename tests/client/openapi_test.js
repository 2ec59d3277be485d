// The OpenAPI document: valid by a maintained validator, and true: what the
// bridge answers is what it says.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import { parse } from 'yaml';

import { generate } from './testing/clients.js';
import { Bridge, root, startForeignBackend, startServices, token } from './testing/processes.js';
import { assertValid, sampleObservatory, Sampler } from './testing/sampler.js';

const read = (directory) =>
  parse(readFileSync(path.join(directory, 'openapi/openapi.yaml'), 'utf8'));
const committed = read(path.join(root, 'gen'));

test('the committed document is valid OpenAPI 3.2', () => assertValid(committed, '3.2'));

test('the validator tells the versions apart', async () => {
  // 3.1 has no itemSchema, and no document lives without `info`.
  for (const broken of [
    { ...committed, openapi: '3.1.1' },
    { ...committed, info: undefined },
  ]) {
    const { valid } = await new Validator().validate(structuredClone(broken));
    assert.equal(valid, false);
  }
});

test('the golden documents are valid, and the same in YAML and JSON', async () => {
  const golden = path.join(root, 'tests/unit/codegen/golden');
  const yaml = parse(readFileSync(path.join(golden, 'openapi-3.2/openapi.yaml'), 'utf8'));
  const json = JSON.parse(readFileSync(path.join(golden, 'json/openapi.json'), 'utf8'));
  await assertValid(yaml, '3.2');
  assert.deepEqual({ ...yaml, info: 0 }, { ...json, info: 0 });
  await assertValid(
    parse(readFileSync(path.join(golden, 'openapi-3.1/openapi.yaml'), 'utf8')),
    '3.1',
  );
});

test('every route of the five services answers as the document says', async (t) => {
  const bridge = await startServices(t);
  const sampler = new Sampler(bridge, committed);
  const ann = token('ann');
  const as = { as: ann };

  await sampler.call('post /prices', '/prices', { ...as, body: { symbol: 'AAPL', price: 2.5 } });
  const symbols = { symbols: ['AAPL'] };
  await sampler.stream('post /prices/stream', '/prices/stream', { body: symbols });
  await sampler.stream('get /prices/stream', '/prices/stream?symbols=AAPL');

  const body = { user_id: 'ann', type: 'x', title: 'T' };
  const { id } = await sampler.call('post /notifications', '/notifications', { ...as, body });
  const [unread] = await sampler.stream('get /notifications/stream', '/notifications/stream', as);
  assert.equal(unread.event, 'unread');
  await sampler.call('post /notifications/{id}/read', `/notifications/${id}/read`, as);

  const { task_id } = await sampler.call('post /tasks', '/tasks', { ...as, body: {} });
  const task = `/tasks/${task_id}`;
  const running = { status: 'running', progress: 0.5 };
  const failed = { status: 'failed', error: 'no paper' };
  await sampler.call('patch /tasks/{task_id}', task, { ...as, body: running });
  await sampler.call('post /tasks/{task_id}', task, { ...as, body: failed });
  await sampler.stream('get /tasks/{task_id}/progress', `${task}/progress`, {
    ...as,
    count: 2,
    ends: true,
  });

  const channel = '/channels/{channel}';
  await sampler.call(`post ${channel}/messages`, '/channels/c/messages', {
    ...as,
    body: { content: 'hi' },
  });
  await sampler.call(`get ${channel}/messages`, '/channels/c/messages?page_size=1', as);
  await sampler.call(`post ${channel}/typing`, '/channels/c/typing', as);
  await sampler.stream(`get ${channel}/stream`, '/channels/c/stream', as);
  await sampler.call(`get ${channel}/members`, '/channels/c/members', as);
  await sampler.call(`post ${channel}/members`, '/channels/private-x/members', {
    ...as,
    body: { invitee: 'bob' },
  });
  await sampler.call(
    `delete ${channel}/members/{member}`,
    '/channels/private-x/members/bob',
    as,
  );
  await sampler.stream('get /admin/metrics/stream', '/admin/metrics/stream', as);
  await sampler.call('post /notifications', '/notifications', { ...as, body });
  await sampler.stream('get /events', '/events', { ...as, count: 2 });
  sampler.assertAllSampled();

  // Errors, and what the document says of requests.
  const refuse = (status, operation, target, options) =>
    sampler.call(operation, target, { ...options, status });
  await refuse(400, 'get /prices/stream', '/prices/stream');
  await refuse(401, 'get /events', '/events?stream=/notifications/stream');
  await refuse(403, 'get /admin/metrics/stream', '/admin/metrics/stream', {
    as: token('bob', {}),
  });
  await refuse(404, 'get /tasks/{task_id}/progress', '/tasks/none/progress', as);
  await refuse(406, 'get /prices/stream', '/prices/stream?symbols=A', { accept: 'image/png' });
  for (const wrong of [
    { symbols: [] },
    { symbols: [''] },
    { symbols: ['A', 'A'] },
    {},
    { symbols: ['A'], more: 1 },
  ]) {
    assert.notEqual(sampler.document.bodyProblems('post /prices/stream', wrong), null);
    const answer = await fetch(`${bridge.address}/prices/stream`, {
      method: 'POST',
      body: JSON.stringify(wrong),
    });
    assert.equal(answer.status, 400, JSON.stringify(wrong));
  }
});

test('every route of a foreign schema answers as its document says', async (t) => {
  const backend = await startForeignBackend(t);
  const protos = path.join(root, 'tests/foreign/proto');
  const out = generate(t, protos);
  await assertValid(read(out), '3.2');
  await assertValid(read(generate(t, protos, ['--openapi', '3.1'])), '3.1');
  const set = ['--descriptor-set', path.join(out, 'descriptors/schema.binpb')];
  const bridge = await new Bridge(t, backend.address, set).start();
  (await sampleObservatory(bridge, read(out))).assertAllSampled();
});
