// Compiled with --strict by runtime_types_test.js: what a user of the client
// writes, whatever the schema.
import { BridgeError, createClient, eventSource, retry } from './client/index.js';
import type { Interceptor, Notification, StateReason, StreamState } from './client/index.js';
import { mockTransport } from './client/runtime/testing.js';
import type { MockStream } from './client/runtime/testing.js';

const logged: Interceptor = async (request, next) => {
  const response = await next({ ...request, headers: { ...request.headers, 'X-Of': request.method } });
  const status: number = response.status;
  return status === 0 ? next(request) : response;
};

const client = createClient({
  baseUrl: 'http://127.0.0.1:8080',
  tabs: { name: 'ann' },
  hidden: { closeAfterMs: 60_000 },
  interceptors: [logged, retry({ attempts: 2, isIdempotent: ({ method }) => method !== '' })],
});
createClient({ tabs: true, hidden: 'close' });

export async function calls(): Promise<string> {
  const task = await client.tasks.create({}, { timeoutMs: 100 });
  const { data, headers, requestId, httpStatus } = await client.tasks.create().withResponse();
  const type: string | null = headers.get('content-type');
  await client.tasks.create({}, { onResponse: (meta) => meta.requestId.length });
  try {
    await client.tasks.create();
  } catch (error) {
    if (error instanceof BridgeError) {
      const reason: string | undefined = error.detail('google.rpc.ErrorInfo')?.reason;
      const mine: { limit: number } | undefined = error.detail<{ limit: number }>('acme.v1.Quota');
      return `${reason} ${mine?.limit} ${error.requestId} ${error.headers?.get('x')}`;
    }
  }
  return `${task.task_id} ${data.task_id} ${type} ${requestId} ${httpStatus}`;
}

export function streams(show: (state: StreamState) => void): () => void {
  const stream = client.notifications.stream();
  const stop = stream.onState(show);
  stream.start({ onEvent: (notification, { event }) => [notification.title, event satisfies 'unread' | 'new'] });
  const again = stream.reopen({ lastEventId: stream.lastEventId });
  const reason: StateReason | undefined = again.status.reason;
  if (again.state === 'stale') return () => console.log(reason, again.status.since);
  // @ts-expect-error the name of an event is known
  stream.reopen({ onEvent: (data, { event }) => event === 'x' });
  // @ts-expect-error no such state
  if (stream.state === 'open') return stop;
  return stop;
}

// Events have their names on a shared connection too.
export async function shared(): Promise<Notification[]> {
  const fresh: Notification[] = [];
  for await (const { event, data } of client.shared().notifications.stream().events()) {
    if (event === 'new') fresh.push(data);
  }
  client.close();
  return fresh;
}

export function source(): void {
  const opened = eventSource(client.notifications.stream(), { lastEventId: '4' });
  opened.onmessage = ({ data }) => console.log(data.length);
  opened.addEventListener('new', ({ lastEventId }) => console.log(lastEventId));
  if (opened.readyState === 2) opened.close();
}

export async function mocked(): Promise<void> {
  const mock = mockTransport().onCall('Prices/PublishPrice', ({ symbol }) => ({ symbol }));
  createClient({ ...mock.options });
  const stream: MockStream = await mock.stream('Prices/StreamPrices');
  stream.send({ symbol: 'A' }, { event: 'tick', id: '1' });
  stream.end(new BridgeError(5, 'gone'));
}

declare const console: { log(...values: unknown[]): void };
