// Compiled with --strict by types_test.js: what a user of the client writes.
import { BridgeError, Code, createClient } from './client/index.js';
import type { ChannelEvent, Notification, PriceUpdate } from './client/index.js';

const client = createClient({ baseUrl: 'http://127.0.0.1:8080', token: async () => 'token' });

export async function prices(signal: AbortSignal): Promise<number> {
  let sum = 0;
  for await (const price of client.prices.stream({ symbols: ['AAPL'] }, { signal })) {
    const update: PriceUpdate = price;
    sum += update.price * 2;
  }
  return sum;
}

export async function named(): Promise<Notification[]> {
  const fresh: Notification[] = [];
  for await (const event of client.notifications.stream().events()) {
    const name: 'unread' | 'new' = event.event;
    if (name === 'new') fresh.push(event.data);
  }
  return fresh;
}

// Payloads are told apart by their type.
export function text({ payload }: ChannelEvent): string {
  switch (payload?.['@type']) {
    case 'type.googleapis.com/realtime.v1.ChatMessage':
      return `${payload.username}: ${payload.content}`;
    case 'type.googleapis.com/realtime.v1.Joined':
      return payload.channel;
    default:
      return payload === undefined ? '' : payload.user_id;
  }
}

export async function calls(): Promise<void> {
  const task = await client.tasks.create();
  const status: 'pending' | 'running' | 'completed' | 'failed' = task.status;
  await client.tasks.update({ task_id: task.task_id, status });
  const shared = client.shared();
  const stream = shared.prices.stream(
    { symbols: ['A'] },
    { onEvent: (price, { id }) => console.log(price.symbol.length, id.length) },
  );
  await stream.done;
  try {
    await client.prices.publish({ symbol: 'A', price: 1 });
  } catch (error) {
    if (error instanceof BridgeError && error.code === Code.PERMISSION_DENIED) {
      console.log(error.fieldViolations.map(({ field }) => field.length));
    }
  }

  // @ts-expect-error a rule demands symbols
  client.prices.stream({});
  // @ts-expect-error no such status
  await client.tasks.update({ task_id: 't', status: 'done' });
  // @ts-expect-error the bridge sets it, from the token
  client.notifications.stream({ user_id: 'ann' });
  // @ts-expect-error the name of an event is known
  for await (const { event } of client.prices.stream({ symbols: ['A'] }).events()) event === 'x';
}

declare const console: { log(...values: unknown[]): void };
