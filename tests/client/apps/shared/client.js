import { createClient } from 'realtime-client';

// On a server, nothing is asked.
const { origin, search } = globalThis.location ?? { origin: 'http://127.0.0.1:1', search: '' };

/** Publishes the price that the page's address names. */
export const publishing = () => ({
  symbol: 'AAPL',
  price: Number(new URLSearchParams(globalThis.location.search).get('price')),
});

export const client = createClient({
  baseUrl: `${origin}/bridge`,
  token: new URLSearchParams(search).get('token'),
  reconnect: { baseMs: 20, maxMs: 200 },
});
