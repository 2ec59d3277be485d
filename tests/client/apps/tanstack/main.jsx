import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { callOptions, liveOptions, mutationOptions } from 'realtime-client/tanstack';

import { client, publishing } from '../shared/client.js';

function App() {
  const [state, setState] = useState('idle');
  const prices = useQuery(
    liveOptions(
      client.prices.stream,
      { symbols: ['AAPL', 'MSFT'] },
      { keep: 'map', key: 'symbol', stream: { onState: (change) => setState(change.state) } },
    ),
  );
  const notes = useQuery(liveOptions(client.notifications.stream, {}, { keep: 'list', max: 3 }));
  const messages = useQuery(callOptions(client.channels.listMessages, { channel: 'apps' }));
  const publish = useMutation(mutationOptions(client.prices.publish));
  return (
    <main>
      <p id="state">{state}</p>
      <p id="price">{prices.data?.get('AAPL')?.price ?? 'none'}</p>
      <p id="notes">{notes.data?.map(({ title }) => title).join() || 'none'}</p>
      <p id="messages">
        {messages.isPending ? 'loading' : messages.data.messages.map(({ content }) => content).join()}
      </p>
      <button id="publish" onClick={() => publish.mutate(publishing())}>
        Publish
      </button>
    </main>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
