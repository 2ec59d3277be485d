import type { CallOptions, Signal } from './index.js';
import type {
  BackgroundOptions,
  CallMethod,
  Kept,
  KeyOf,
  RequestOf,
  ResultOf,
  StoreOptions,
  StreamMethod,
} from './store.js';

export type { StoreOptions } from './store.js';

/** What this needs of TanStack's context of a query. */
export interface QueryContext {
  readonly signal: Signal;
  readonly queryKey: readonly unknown[];
  readonly client: { setQueryData(queryKey: any, data: any): unknown };
}

/** The key of a method's queries, or of those with a request, to invalidate them. */
export declare function queryKey<M extends CallMethod | StreamMethod>(
  method: M,
  request?: RequestOf<M>,
): unknown[];

/** Options of useQuery for a call. */
export declare function callOptions<M extends CallMethod>(
  method: M,
  request: RequestOf<M>,
  options?: Omit<CallOptions, 'signal'>,
): {
  queryKey: unknown[];
  queryFn: (context: { readonly signal: Signal }) => Promise<ResultOf<M>>;
};

/** Options of useMutation for a call: `mutate(request)`. */
export declare function mutationOptions<M extends CallMethod>(
  method: M,
  options?: CallOptions,
): {
  mutationKey: unknown[];
  mutationFn: (request: RequestOf<M>) => Promise<ResultOf<M>>;
};

/**
 * Options of useQuery for a stream: its latest data, the newest as a list
 * (`keep: 'list'`) or the newest by key (`keep: 'map'`).
 */
export declare function liveOptions<
  M extends StreamMethod,
  const O extends StoreOptions<ResultOf<M>> & { stream?: BackgroundOptions } = {},
>(
  method: M,
  request: RequestOf<M>,
  options?: O & KeyOf<ResultOf<M>>,
): {
  queryKey: unknown[];
  queryFn: (context: QueryContext) => Promise<Exclude<Kept<ResultOf<M>, O>, undefined>>;
  staleTime: number;
  retry: false;
  refetchOnReconnect: false;
  refetchOnWindowFocus: false;
  structuralSharing: false;
};
