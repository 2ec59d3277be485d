// Answers of a running bridge, checked by an OpenAPI document.
import assert from 'node:assert';

import { Validator } from '@seriousme/openapi-schema-validator';
import { createParser } from 'eventsource-parser';

import { Document } from './documents.js';
import { token } from './processes.js';

export async function assertValid(document, version) {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, version);
}

/** The first `count` events of a stream that is open, then it is closed. */
async function readEvents(response, count) {
  const events = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  while (events.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    parser.feed(decoder.decode(value, { stream: true }));
  }
  await reader.cancel();
  return events.map(({ event, id, data }) => ({
    ...(event === undefined ? {} : { event }),
    ...(id === undefined ? {} : { id }),
    data: JSON.parse(data),
  }));
}

/** Calls operations, and checks each answer by the document. */
export class Sampler {
  constructor(bridge, document) {
    this.bridge = bridge;
    this.document = new Document(document);
  }

  fetch(operation, target, { as, body, accept } = {}) {
    const headers = {};
    if (as) headers.Authorization = `Bearer ${as}`;
    if (accept) headers.Accept = accept;
    if (body !== undefined) {
      // What the bridge takes is what the document takes.
      assert.equal(this.document.bodyProblems(operation, body), null, operation);
    }
    return fetch(this.bridge.address + target, {
      method: operation.split(' ')[0].toUpperCase(),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  async call(operation, target, options = {}) {
    const response = await this.fetch(operation, target, options);
    assert.equal(response.status, options.status ?? 200, `${operation}: ${target}`);
    const json = await response.json();
    const problems = this.document.problems(operation, response.status, 'application/json', json);
    assert.equal(problems, null, `${operation}: ${JSON.stringify(json)}`);
    return json;
  }

  /** A call whose answer is bytes of whatever type (google.api.HttpBody). */
  async raw(operation, target, type, text) {
    const response = await this.fetch(operation, target);
    assert.equal(response.status, 200, `${operation}: ${target}`);
    assert.equal(response.headers.get('Content-Type'), type);
    assert.equal(await response.text(), text);
    assert.deepEqual(this.document.content(operation, 200), { '*/*': {} });
  }

  /** In all its forms. */
  async stream(operation, target, options = {}) {
    const { count = 1, ends = false } = options;
    const events = await readEvents(await this.fetch(operation, target, options), count);
    // One read may bring more than was waited for.
    if (ends) assert.equal(events.length, count, operation);
    else assert(events.length >= count, operation);
    for (const event of events) {
      const problems = this.document.eventProblems(operation, event);
      assert.equal(problems, null, `${operation}: ${JSON.stringify(event)}`);
    }
    if (!ends) return events;
    const array = await this.fetch(operation, target, { ...options, accept: 'application/json' });
    const all = await array.json();
    assert.equal(
      this.document.problems(operation, 200, 'application/json', all),
      null,
      JSON.stringify(all),
    );
    const lines = await this.fetch(operation, target, { ...options, accept: 'application/x-ndjson' });
    for (const line of (await lines.text()).trim().split('\n')) {
      const problems = this.document.problems(
        operation,
        200,
        'application/x-ndjson',
        JSON.parse(line),
        'itemSchema',
      );
      assert.equal(problems, null, line);
    }
    return events;
  }

  assertAllSampled() {
    for (const operation of this.document.operations) {
      assert(this.document.sampled.has(`${operation} 200`), `${operation} was not called`);
    }
  }
}

/** Every route of tests/foreign's schema that has one. */
export async function sampleObservatory(bridge, document) {
  const sampler = new Sampler(bridge, document);
  const telescope = '/v2/sites/{telescope_1}/telescopes/{telescope_2}:watch';
  await sampler.stream(
    `get ${telescope}`,
    '/v2/sites/a/telescopes/b:watch?bands=radio',
    { count: 3 },
  );
  await sampler.stream('post /v2/watch', '/v2/watch', { body: { bands: ['visible'] } });
  await sampler.stream('get /v2/count/{to}', '/v2/count/2', { count: 3, ends: true });
  await sampler.stream('get /v2/fail/{code}', '/v2/fail/5?afterFirst=true', {
    count: 2,
    ends: true,
  });
  await sampler.stream('get /v2/say', '/v2/say?name=greeting&id=7&text=hello', {
    count: 2,
    ends: true,
  });
  await sampler.raw('get /v2/picture', '/v2/picture?type=text/plain&data=x', 'text/plain', 'x');
  await sampler.call('get /v2/sites/{name_1}/telescopes/{name_2}', '/v2/sites/a/telescopes/b');
  const astronomer = { as: token('ann', { roles: ['astronomer'] }) };
  await sampler.call('get /v2/whoami', '/v2/whoami', astronomer);
  const all = encodeURIComponent('/v2/count/1');
  await sampler.stream('get /events', `/events?stream=${all}`, astronomer);
  return sampler;
}
