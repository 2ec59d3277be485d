import { useState } from 'react';
import { useCall, useStream } from 'realtime-client/react';

import { client, publishing } from '../shared/client.js';

function Board({ symbols }) {
  const prices = useStream(client.prices.stream, { symbols }, { keep: 'map', key: 'symbol' });
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
      <button id="publish" onClick={() => client.prices.publish(publishing())}>
        Publish
      </button>
    </main>
  );
}

export function App() {
  const [symbols, setSymbols] = useState(['AAPL', 'MSFT']);
  const [shown, setShown] = useState(true);
  return (
    <>
      {shown && <Board symbols={symbols} />}
      <button id="switch" onClick={() => setSymbols(['AAPL'])}>
        Follow one
      </button>
      <button id="hide" onClick={() => setShown(false)}>
        Hide
      </button>
    </>
  );
}
