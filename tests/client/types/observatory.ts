// The same for a schema that nobody here has written: tests/foreign.
import { createClient } from './client/index.js';
import type { Kind, Sighting } from './client/index.js';

const client = createClient();

export async function watch(): Promise<string[]> {
  const seen: string[] = [];
  const request = { telescope: 'sites/a/telescopes/b', bands: ['radio' as const] };
  for await (const { event, data } of client.telescopes.watch(request).events()) {
    const sighting: Sighting = data;
    const kind: Kind | number | undefined = sighting.kind;
    // 64 bits are text, and what no rule keeps finite may be a text too.
    const distance: bigint = BigInt(sighting.star?.distanceKm ?? 0);
    const magnitude: number = Number(sighting.star?.magnitude);
    seen.push(event, String(kind), `${distance} ${magnitude}`, sighting.seenAt ?? '');
  }
  return seen;
}

export async function others(): Promise<string | undefined> {
  for await (const { event, data } of client.telescopes.count({ to: 3, after: 1n }).events()) {
    const name: 'tick' = event;
    const bytes: string | undefined = data.rawBytes;
    return name + bytes;
  }
  const { kinds } = await client.telescopes.describe({ name: 'sites/a/telescopes/b' });
  // @ts-expect-error not a band
  client.telescopes.watch({ bands: ['x-ray'] });
  // @ts-expect-error the path needs it
  client.telescopes.count({});
  return kinds?.map(String).join();
}
