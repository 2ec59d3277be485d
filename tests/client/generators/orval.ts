// The first event of each stream, by the client that orval makes: lines of JSON.
import * as api from './generated/api';
import type { First } from './first';

/** The type of the lines of an answer. */
type Line<Answer> = Answer extends { stream: { json(): Promise<infer Data> } } ? Data : never;

function has<Name extends string>(name: Name) {
  return <Event>(event: Event): event is Extract<Event, { [key in Name]?: unknown }> =>
    typeof event === 'object' && event !== null && name in event;
}

async function first<Answer extends object, Data extends Line<Answer>>(
  answer: Answer,
  isData: (event: Line<Answer>) => event is Data,
): Promise<Data> {
  if (!('stream' in answer)) throw new Error(JSON.stringify(answer));
  const reader = (answer.stream as Response).body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error('the stream ended');
    text += decoder.decode(value, { stream: true });
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      const event: Line<Answer> = JSON.parse(line);
      if (!isData(event)) continue;
      await reader.cancel();
      return event;
    }
  }
}

export async function receive(_base: string, token: string, task_id: string): Promise<First> {
  const options = {
    headers: { Accept: 'application/x-ndjson', Authorization: `Bearer ${token}` },
  };
  const price = await first(
    await api.pricesStreamPrices({ symbols: ['AAPL'] }, options),
    has('price'),
  );
  const notification = await first(
    await api.notificationsStreamNotifications({}, options),
    has('title'),
  );
  const progress = await first(
    await api.tasksStreamProgress(task_id, {}, options),
    has('status'),
  );
  const channel = await first(
    await api.channelsStreamChannel('general', {}, options),
    has('payload'),
  );
  const metrics = await first(await api.metricsStreamMetrics(options), has('active_users'));
  return {
    price: price.price,
    title: notification.title,
    status: progress.status,
    type: channel.type,
    active_users: metrics.active_users,
  };
}
