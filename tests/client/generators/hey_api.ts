// The first event of each stream, by the client that @hey-api/openapi-ts makes.
import { client } from './generated/client.gen';
import * as sdk from './generated/sdk.gen';
import type { First } from './first';

/** The first value that is an event of the service, not one of the bridge. */
async function first<Event, Data extends Event>(
  { stream }: { stream: AsyncGenerator<Event> },
  isData: (event: Event) => event is Data,
): Promise<Data> {
  for await (const event of stream) {
    if (isData(event)) return event;
  }
  throw new Error('the stream ended');
}

function has<Name extends string>(name: Name) {
  return <Event>(event: Event): event is Extract<Event, { [key in Name]?: unknown }> =>
    typeof event === 'object' && event !== null && name in event;
}

export async function receive(baseUrl: string, auth: string, task_id: string): Promise<First> {
  client.setConfig({ baseUrl, auth });
  const abort = new AbortController();
  const { signal } = abort;
  try {
    const price = await first(
      await sdk.pricesStreamPrices({ body: { symbols: ['AAPL'] }, signal }),
      has('price'),
    );
    const notification = await first(
      await sdk.notificationsStreamNotifications({ signal }),
      has('title'),
    );
    const progress = await first(
      await sdk.tasksStreamProgress({ path: { task_id }, signal }),
      has('status'),
    );
    const channel = await first(
      await sdk.channelsStreamChannel({ path: { channel: 'general' }, signal }),
      has('payload'),
    );
    const metrics = await first(await sdk.metricsStreamMetrics({ signal }), has('active_users'));
    return {
      price: price.price,
      title: notification.title,
      status: progress.status,
      type: channel.type,
      active_users: metrics.active_users,
    };
  } finally {
    abort.abort();
  }
}
