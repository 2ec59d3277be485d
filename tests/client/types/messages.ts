// Unions, enums, descriptors and conversions: tests/client/messages.
import { createClient } from './client/index.js';
import type { PlaceRequest } from './client/index.js';
import { Order, State, StateNumber } from './client/messages.js';
import type { OrderInput, Order_2 } from './client/messages.js';
import { convert, fromDuration, toBigInt, toDate, whichOneof } from './client/runtime/values.js';

const client = createClient({ baseUrl: 'http://127.0.0.1:8080' });

// A member that is set excludes the others.
export function payment(order: Order): string {
  if (order.cardNumber !== undefined) {
    const none: undefined = order.invoice;
    return order.cardNumber.concat(String(none));
  }
  if (order.invoice) {
    const none: undefined = order.paidAt;
    return String(order.invoice.dueAt) + String(none);
  }
  return order.paidAt ?? 'nothing';
}

export function byCase(order: Order): string {
  const paid = whichOneof(Order, order, 'payment');
  switch (paid.case) {
    case 'cardNumber':
    case 'paidAt':
      return paid.value.toUpperCase();
    case 'invoice':
      return paid.value.dueAt ?? '';
    case undefined:
      return '';
  }
}

// A choice of one is a field like others.
export const single = (order: Order): string | undefined => order.single;

export const placed: PlaceRequest[] = [
  { cardNumber: '1' },
  { invoice: { dueAt: new Date() }, address: 'here' },
  { cardNumber: '1', pickUp: true, customer: 'Ann' },
];
export async function requests(): Promise<void> {
  await client.orders.place({ cardNumber: '1' });
  await client.orders.change({});
  await client.orders.change({ paidAt: new Date(), number: 1n, lines: [{ count: 2n }] });
  // @ts-expect-error a rule demands a payment
  await client.orders.place({});
  // @ts-expect-error two members of one oneof
  await client.orders.place({ cardNumber: '1', invoice: {} });
  // @ts-expect-error two members of another
  await client.orders.place({ cardNumber: '1', address: 'here', pickUp: true });
  // @ts-expect-error no member is null
  await client.orders.place({ cardNumber: null });
  // @ts-expect-error also in a message within
  await client.orders.change({ replaces: { cardNumber: '1', invoice: {} } });
}
export const input: OrderInput = { cardNumber: 'x', replaces: { invoice: {} } };

export function enums(order: Order): boolean {
  const open: 'OPEN' = State.OPEN;
  const alias: 'OPEN' = State.STARTED;
  const number: 1 = StateNumber.STARTED;
  const state: State = State.LOST;
  // @ts-expect-error no such value
  State.CLOSED;
  return order.state === open || order.state === number || [alias, 'LOST'].includes(state);
}

export function converted(order: Order): string {
  const { number, placedAt, took, lines, byName, totals, seenAt, quota, replaces, customer, ...rest } =
    convert(Order, order, { int64: 'bigint', timestamp: 'Date', duration: 'ms' });
  const numbers: (bigint | undefined)[] = [
    number, lines?.[0]?.count, byName?.['x']?.count, totals?.['x'], quota, replaces?.replaces?.number,
  ];
  const dates: (Date | undefined)[] = [placedAt, seenAt?.[0], customer?.since, replaces?.placedAt];
  const ms: number | undefined = took;
  if (rest.cardNumber !== undefined) {
    const none: undefined = rest.invoice;
    return rest.cardNumber + String(none);
  }
  if (rest.invoice) return String(rest.invoice.dueAt?.getTime());
  const paid: Date | undefined = rest.paidAt;
  // What is not asked for stays.
  const some = convert(Order, order, { int64: 'bigint' });
  const text: string | undefined = some.placedAt;
  return [numbers, dates, ms, paid, text].join();
}

// One message that two services print differently.
export async function archive(): Promise<bigint | undefined> {
  const old: Order_2 = await client.archive.read();
  const shown: Date | undefined = convert(Order, old, { timestamp: 'Date' }).placed_at;
  const paid = whichOneof(Order, old, 'payment');
  const card: string | undefined = paid.case === 'card_number' ? paid.value : undefined;
  // @ts-expect-error no order
  convert(Order, { customer: 1 }, { timestamp: 'Date' });
  return old.placed_at === undefined || shown === undefined || card === undefined ? undefined : toBigInt(old.number ?? 0);
}

export const scalars: [bigint, Date, string] = [toBigInt('1'), toDate('2026-01-02T03:04:05Z'), fromDuration(1500)];

// Stores.
const latest = client.orders.watch().store();
const price: string | undefined = latest.getSnapshot().data?.number;
const list: readonly Order[] = client.orders.watch().store({ keep: 'list', max: 3 }).getSnapshot().data;
const map: ReadonlyMap<string, Order> = client.orders
  .watch({ shop: 'x' })
  .store({ keep: 'map', key: (order) => order.customer?.name })
  .getSnapshot().data;
export const stop: () => void = latest.subscribe(({ data, state, error }) => {
  const live: boolean = state === 'live';
  const number: string | undefined = data?.number;
  const code: number | undefined = error?.code;
  [live, number, code].join();
});
// @ts-expect-error there is no such way
client.orders.watch().store({ keep: 'all' });
export const all = [price, list, map];
