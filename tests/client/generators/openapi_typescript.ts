// The first event of each stream, by the types of openapi-typescript and the
// client openapi-fetch.
import { createParser } from 'eventsource-parser';
import createClient from 'openapi-fetch';
import type { First } from './first';
import type { paths } from './generated/schema';

/** The type of the events of a path. */
type EventOf<Operation> = Operation extends {
  responses: { 200: { content: { 'text/event-stream': infer Event } } };
}
  ? Event
  : never;
type Get<Path extends keyof paths> = EventOf<paths[Path]['get']>;

type Stream = { data?: ReadableStream<Uint8Array> | null };

function has<Name extends string>(name: Name) {
  return <Event>(event: Event): event is Extract<Event, { [key in Name]?: unknown }> =>
    typeof event === 'object' && event !== null && name in event;
}

/** The first value that is an event of the service, not one of the bridge. */
async function first<Event, Data extends Event>(
  { data }: Stream,
  isData: (event: Event) => event is Data,
): Promise<Data> {
  const found: Data[] = [];
  const parser = createParser({
    onEvent(message) {
      const event: Event = JSON.parse(message.data);
      if (isData(event)) found.push(event);
    },
  });
  const decoder = new TextDecoder();
  const reader = data!.getReader();
  while (found.length === 0) {
    const { done, value } = await reader.read();
    if (done) throw new Error('the stream ended');
    parser.feed(decoder.decode(value, { stream: true }));
  }
  await reader.cancel();
  return found[0]!;
}

export async function receive(baseUrl: string, token: string, task_id: string): Promise<First> {
  const client = createClient<paths>({
    baseUrl,
    headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
  });
  const parseAs = 'stream';
  const price = await first(
    await client.POST('/prices/stream', { body: { symbols: ['AAPL'] }, parseAs }),
    (event: EventOf<paths['/prices/stream']['post']>) => has('price')(event),
  );
  const notification = await first(
    await client.GET('/notifications/stream', { parseAs }),
    (event: Get<'/notifications/stream'>) => has('title')(event),
  );
  const progress = await first(
    await client.GET('/tasks/{task_id}/progress', { params: { path: { task_id } }, parseAs }),
    (event: Get<'/tasks/{task_id}/progress'>) => has('status')(event),
  );
  const channel = await first(
    await client.GET('/channels/{channel}/stream', {
      params: { path: { channel: 'general' } },
      parseAs,
    }),
    (event: Get<'/channels/{channel}/stream'>) => has('payload')(event),
  );
  const metrics = await first(
    await client.GET('/admin/metrics/stream', { parseAs }),
    (event: Get<'/admin/metrics/stream'>) => has('active_users')(event),
  );
  return {
    price: price.price,
    title: notification.title,
    status: progress.status,
    type: channel.type,
    active_users: metrics.active_users,
  };
}
