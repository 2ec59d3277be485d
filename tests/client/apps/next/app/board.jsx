'use client';

import { createClient } from 'realtime-client';
import { useCall, useStream } from 'realtime-client/react';

const { origin, search } = globalThis.location ?? { origin: 'http://127.0.0.1:1', search: '' };
const client = createClient({
  baseUrl: `${origin}/bridge`,
  token: new URLSearchParams(search).get('token'),
  reconnect: { baseMs: 20, maxMs: 200 },
});

export function Board() {
  const prices = useStream(client.prices.stream, { symbols: ['AAPL', 'MSFT'] }, { keep: 'map', key: 'symbol' });
  const notes = useStream(client.notifications.stream, {}, { keep: 'list', max: 3 });
  const messages = useCall(client.channels.listMessages, { channel: 'apps' });
  return (
    <main>
      <p id="state">{prices.state}</p>
      <p id="price">{prices.data.get('AAPL')?.price ?? 'none'}</p>
      <p id="notes">{notes.data.map(({ title }) => title).join() || 'none'}</p>
      <p id="messages">
        {messages.loading ? 'loading' : messages.data.messages.map(({ content }) => content).join()}
      </p>
      <button id="publish" onClick={() => client.prices.publish({ symbol: 'AAPL', price: Number(new URLSearchParams(location.search).get('price')) })}>
        Publish
      </button>
    </main>
  );
}
