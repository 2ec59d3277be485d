// Conversions of values that JSON cannot express, by the generated descriptors.
import assert from 'node:assert';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { generate } from './testing/clients.js';
import { root } from './testing/processes.js';

const load = (file) => import(pathToFileURL(file).href);
const values = await load(path.join(root, 'gen/ts/runtime/values.js'));
const { convert, fromDuration, toBigInt, toBytes, toDate, toMilliseconds, whichOneof } = values;

async function messagesOf(t) {
  const out = generate(t, path.join(root, 'tests/client/messages'));
  return load(path.join(out, 'ts/messages.js'));
}

test('integers of 64 bits are exact', () => {
  assert.equal(toBigInt('18446744073709551615'), 18446744073709551615n);
  assert.equal(toBigInt('-9223372036854775808'), -9223372036854775808n);
  assert.throws(() => toBigInt('1.5'), SyntaxError);
});

test('timestamps are dates, whatever their fraction and zone', () => {
  assert.equal(toDate('2026-01-02T03:04:05Z').toISOString(), '2026-01-02T03:04:05.000Z');
  assert.equal(toDate('2026-01-02T03:04:05.123456789Z').getTime(), Date.UTC(2026, 0, 2, 3, 4, 5, 123));
  assert.equal(toDate('2026-01-02T05:04:05.5+02:00').getTime(), Date.UTC(2026, 0, 2, 3, 4, 5, 500));
  assert.equal(toDate('0001-01-01T00:00:00Z').getUTCFullYear(), 1);
  for (const wrong of ['', 'yesterday', '2026-13-02T03:04:05Z', '2026-01-02', '5']) {
    assert.throws(() => toDate(wrong), RangeError, wrong);
  }
});

test('durations are milliseconds, and back', () => {
  for (const [text, ms] of [
    ['0s', 0],
    ['1.5s', 1500],
    ['-0.001s', -1],
    ['3600s', 3600000],
    ['0.000001s', 0.001],
    ['-315576000000s', -315576000000000],
  ]) {
    assert.equal(toMilliseconds(text), ms);
    assert.equal(fromDuration(ms), text);
  }
  assert.equal(toMilliseconds('1.500s'), 1500);
  for (const wrong of ['', '1', '1.s', '1m', '1.0000000001s']) {
    assert.throws(() => toMilliseconds(wrong), RangeError, wrong);
  }
  assert.throws(() => fromDuration(NaN), RangeError);
});

test('Temporal is used where it exists, and asked for where not', (t) => {
  const had = Object.getOwnPropertyDescriptor(globalThis, 'Temporal');
  t.after(() => {
    delete globalThis.Temporal;
    if (had) Object.defineProperty(globalThis, 'Temporal', had);
  });
  delete globalThis.Temporal;
  assert.throws(() => values.toInstant('2026-01-02T03:04:05Z'), /no Temporal/);
  globalThis.Temporal = {
    Instant: { from: (text) => ({ instant: text }) },
    Duration: { from: (parts) => ({ duration: parts }) },
  };
  assert.deepEqual(values.toInstant('2026-01-02T03:04:05Z'), { instant: '2026-01-02T03:04:05Z' });
  assert.deepEqual(values.toDuration('-1.001002003s'), {
    duration: { seconds: -1, milliseconds: -1, microseconds: -2, nanoseconds: -3 },
  });
  const none = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };
  const small = { milliseconds: 0, microseconds: 0, nanoseconds: 0 };
  assert.equal(fromDuration({ ...none, ...small, minutes: 1, seconds: 1, nanoseconds: 5 }), '61.000000005s');
  assert.equal(fromDuration({ ...none, ...small, hours: -1, milliseconds: -20 }), '-3600.02s');
  assert.throws(() => fromDuration({ ...none, ...small, months: 1 }), /no fixed length/);
});

test('bytes are read from both forms of Base64', () => {
  assert.deepEqual([...toBytes('AP8=')], [0, 255]);
  assert.deepEqual([...toBytes('-_8')], [...toBytes('+/8=')]);
});

test('a message is converted as a whole, and only as asked', async (t) => {
  const { Order } = await messagesOf(t);
  const order = {
    number: '18446744073709551615',
    state: 'OPEN',
    placedAt: '2026-01-02T03:04:05Z',
    took: '1.5s',
    lines: [{ name: 'a', count: '2' }, {}],
    byName: { __proto__: { name: 'x' }, ['__proto__']: { count: '3' } },
    totals: { a: '4' },
    seenAt: ['2026-01-02T03:04:05Z'],
    quota: '5',
    replaces: { replaces: { number: '6', paidAt: '2026-01-02T03:04:05Z' } },
    cardNumber: '7',
    unknown: '8',
  };
  const before = structuredClone(order);
  const date = new Date('2026-01-02T03:04:05Z');
  const all = convert(Order, order, { int64: 'bigint', timestamp: 'Date', duration: 'ms' });
  assert.deepEqual(all, {
    number: 18446744073709551615n,
    state: 'OPEN',
    placedAt: date,
    took: 1500,
    lines: [{ name: 'a', count: 2n }, {}],
    byName: Object.fromEntries([['__proto__', { count: 3n }]]),
    totals: { a: 4n },
    seenAt: [date],
    quota: 5n,
    replaces: { replaces: { number: 6n, paidAt: date } },
    cardNumber: '7',
    unknown: '8',
  });
  assert.equal(Object.getPrototypeOf(all.byName), Object.prototype);
  assert.equal(JSON.stringify(order), JSON.stringify(before));
  assert.deepEqual(convert(Order, { number: '1', took: '1s' }, { duration: 'ms' }), { number: '1', took: 1000 });
  // As services with other JSON options print it.
  assert.deepEqual(convert(Order, { placed_at: '2026-01-02T03:04:05Z' }, { timestamp: 'Date' }), { placed_at: date });
  assert.throws(() => convert(Order, {}, { int64: 'number' }), /cannot convert int64 to "number"/);
  assert.throws(() => convert(Order, {}, { bytes: 'x' }), /cannot convert bytes/);
});

test('a oneof tells which member is set', async (t) => {
  const { Order } = await messagesOf(t);
  assert.deepEqual(whichOneof(Order, { cardNumber: '' }, 'payment'), { case: 'cardNumber', value: '' });
  assert.deepEqual(whichOneof(Order, { number: '1', invoice: undefined }, 'payment'), { case: undefined });
  assert.deepEqual(whichOneof(Order, { pick_up: false }, 'delivery'), { case: 'pick_up', value: false });
  assert.throws(() => whichOneof(Order, {}, 'colour'), /messages.v1.Order has no oneof colour/);
});

test('descriptors and enums say what the schema says', async (t) => {
  const { Customer, Line, Order, State, StateNumber } = await messagesOf(t);
  assert.deepEqual(State, { STATE_UNSPECIFIED: 'STATE_UNSPECIFIED', OPEN: 'OPEN', STARTED: 'OPEN', LOST: 'LOST' });
  assert.deepEqual(StateNumber, { STATE_UNSPECIFIED: 0, OPEN: 1, STARTED: 1, LOST: 2 });
  assert.equal(Order.typeName, 'messages.v1.Order');
  const field = (name) => Order.fields.find((each) => each.name === name);
  assert.deepEqual(field('placed_at'), { name: 'placed_at', jsonName: 'placedAt', number: 3, kind: 'timestamp' });
  assert.deepEqual(field('quota').kind, 'int64');
  assert.equal(field('lines').type(), Line);
  assert.equal(field('lines').list, true);
  assert.equal(field('by_name').map, 'string');
  assert.equal(field('replaces').type(), Order);
  assert.equal(field('customer').type(), Customer);
  assert.equal(field('state').type(), State);
  assert.equal(field('text').deprecated, true);
  assert.deepEqual(Order.oneofs, [
    { name: 'payment', fields: ['card_number', 'invoice', 'paid_at'] },
    { name: 'delivery', fields: ['address', 'pick_up'] },
    { name: 'only', fields: ['single'] },
  ]);
});
