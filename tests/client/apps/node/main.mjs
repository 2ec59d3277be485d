// For Node, Deno and Bun: two streams and calls, then the program ends by itself.
import process from 'node:process';

import { createClient } from 'realtime-client';
import { toDate } from 'realtime-client/values';

const [baseUrl, token, user] = process.argv.slice(2);
const client = createClient({ baseUrl, token });

async function first(stream) {
  for await (const data of stream) return data;
}

const [price, note, created] = await Promise.all([
  first(client.prices.stream({ symbols: [user] })),
  first(client.notifications.stream()),
  client.notifications.create({ user_id: user, title: `for ${user}` }),
  client.prices.publish({ symbol: user, price: 7 }),
]);
console.log(
  JSON.stringify({
    price: price.price,
    title: note.title,
    same: note.id === created.id,
    year: toDate(note.created_at).getUTCFullYear(),
  }),
);
