import type { BridgeError, CallOptions } from './index.js';
import type {
  BackgroundOptions,
  CallMethod,
  Kept,
  KeyOf,
  RequestOf,
  ResultOf,
  StoreOptions,
  StreamMethod,
  StreamSnapshot,
  StreamStore,
} from './store.js';

export type { StoreOptions, StreamSnapshot, StreamStore } from './store.js';

export type UseStreamOptions<T = any> = StoreOptions<T> & {
  /** If false, there is no connection. */
  enabled?: boolean;
  /** Used when a stream is opened. */
  stream?: BackgroundOptions;
};

export type StreamResult<D> = StreamSnapshot<D> & { readonly restart: () => void };

/** What a store of a stream has; components that use the same store share it. */
export declare function useStream<D>(
  store: StreamStore<D>,
  request?: undefined,
  options?: { enabled?: boolean },
): StreamResult<D>;
/**
 * What `client.prices.stream` sends for a request. Connects after mounting, again
 * when the request changes, and closes when unmounted.
 */
export declare function useStream<
  M extends StreamMethod,
  const O extends UseStreamOptions<ResultOf<M>> = {},
>(method: M, request: RequestOf<M>, options?: O & KeyOf<ResultOf<M>>): StreamResult<Kept<ResultOf<M>, O>>;

export interface CallState<T> {
  readonly data: T | undefined;
  readonly error: BridgeError | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/**
 * What `client.tasks.get` answers. Calls after mounting and when the request
 * changes. For calls that read: what changes something belongs into an event
 * handler.
 */
export declare function useCall<M extends CallMethod>(
  method: M,
  request: RequestOf<M>,
  options?: Omit<CallOptions, 'signal'> & { enabled?: boolean },
): CallState<ResultOf<M>>;
