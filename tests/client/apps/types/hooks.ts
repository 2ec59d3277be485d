// Compiled by apps_test.js, with the types of the frameworks.
import { useMutation, useQuery } from '@tanstack/react-query';
import { createClient } from 'realtime-client';
import type { Notification, PriceUpdate } from 'realtime-client';
import { useCall, useStream } from 'realtime-client/react';
import { callStore, streamStore } from 'realtime-client/svelte';
import * as vue from 'realtime-client/vue';
import { callOptions, liveOptions, mutationOptions, queryKey } from 'realtime-client/tanstack';

const client = createClient();
export function component(): string {
  const latest = useStream(client.prices.stream, { symbols: ['A'] });
  const price: PriceUpdate | undefined = latest.data;
  const list = useStream(client.notifications.stream, {}, { keep: 'list', max: 3 });
  const notes: readonly Notification[] = list.data;
  const map = useStream(client.prices.stream, { symbols: ['A'] }, { keep: 'map', key: (data) => data.symbol, enabled: false });
  const one: PriceUpdate | undefined = map.data.get('A');
  const given = useStream(client.prices.stream({ symbols: ['A'] }).store({ keep: 'list' }));
  const prices: readonly PriceUpdate[] = given.data;
  const call = useCall(client.channels.listMembers, { channel: 'a' }, { timeoutMs: 5 });
  const members: string[] | undefined = call.data?.user_ids;
  // @ts-expect-error a rule demands symbols
  useStream(client.prices.stream, {});
  // @ts-expect-error no stream
  useStream(client.prices.publish, { symbol: 'A', price: 1 });
  // @ts-expect-error no call
  useCall(client.prices.stream, { symbols: [] });
  // @ts-expect-error no such way
  useStream(client.prices.stream, { symbols: ['A'] }, { keep: 'set' });
  list.restart();
  call.reload();
  return [price, notes, one, prices, members].join();
}
export const stores = [
  streamStore(client.prices.stream, { symbols: ['A'] }, { keep: 'map', key: 'symbol' }).getSnapshot().data.get('A')?.price,
  callStore(client.channels.listMembers, { channel: 'a' }),
];
export async function queries(): Promise<string> {
  const live = liveOptions(client.prices.stream, { symbols: ['A'] }, { keep: 'list' });
  const context = { signal: new AbortController().signal, queryKey: live.queryKey, client: { setQueryData: () => {} } };
  const list: readonly PriceUpdate[] = await live.queryFn(context);
  const latest: PriceUpdate = await liveOptions(client.prices.stream, { symbols: ['A'] }).queryFn(context);
  const members: string[] = (await callOptions(client.channels.listMembers, { channel: 'a' }).queryFn(context)).user_ids;
  await mutationOptions(client.prices.publish).mutationFn({ symbol: 'A', price: 1 });
  return [list, latest, members, queryKey(client.prices.stream)].join();
}

export function query(): string {
  const list = useQuery(liveOptions(client.prices.stream, { symbols: ['A'] }, { keep: 'list' }));
  const prices: readonly PriceUpdate[] | undefined = list.data;
  const members: string[] | undefined = useQuery(callOptions(client.channels.listMembers, { channel: 'a' })).data?.user_ids;
  const publish = useMutation(mutationOptions(client.prices.publish));
  publish.mutate({ symbol: 'A', price: 1 });
  // @ts-expect-error no price
  publish.mutate({ symbol: 'A' });
  return [prices, members, publish.data?.price].join();
}

export function setup(): string {
  const { data, state, error } = vue.useStream(client.prices.stream, () => ({ symbols: ['A'] }), { keep: 'map', key: 'symbol' });
  const price: number | undefined = data.value.get('A')?.price;
  const latest: PriceUpdate | undefined = vue.useStream(client.prices.stream, { symbols: ['A'] }).data.value;
  const call = vue.useCall(client.channels.listMembers, { channel: 'a' }, { enabled: () => true });
  const members: string[] | undefined = call.data.value?.user_ids;
  // @ts-expect-error a rule demands symbols
  vue.useStream(client.prices.stream, () => ({}));
  return [price, latest, state.value, error.value?.code, members].join();
}
