import type { MaybeRefOrGetter, Ref } from 'vue';

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
  /** While it is false, there is no connection. */
  enabled?: MaybeRefOrGetter<boolean>;
  /** Used when a stream is opened. */
  stream?: BackgroundOptions;
};

export interface StreamRefs<D> {
  readonly snapshot: Readonly<Ref<StreamSnapshot<D>>>;
  readonly data: Readonly<Ref<D>>;
  readonly state: Readonly<Ref<StreamSnapshot<D>['state']>>;
  readonly error: Readonly<Ref<BridgeError | undefined>>;
  readonly restart: () => void;
}

/** What a store of a stream has; components that use the same store share it. */
export declare function useStream<D>(
  store: StreamStore<D>,
  request?: undefined,
  options?: { enabled?: MaybeRefOrGetter<boolean> },
): StreamRefs<D>;
/**
 * What `client.prices.stream` sends for a request. Connects when the component is
 * mounted, again when the request changes, and closes when it is unmounted.
 */
export declare function useStream<
  M extends StreamMethod,
  const O extends UseStreamOptions<ResultOf<M>> = {},
>(method: M, request: MaybeRefOrGetter<RequestOf<M>>, options?: O & KeyOf<ResultOf<M>>): StreamRefs<Kept<ResultOf<M>, O>>;

export interface CallRefs<T> {
  readonly data: Readonly<Ref<T | undefined>>;
  readonly error: Readonly<Ref<BridgeError | undefined>>;
  readonly loading: Readonly<Ref<boolean>>;
  readonly reload: () => void;
}

/** What `client.tasks.get` answers, when mounted and when the request changes. */
export declare function useCall<M extends CallMethod>(
  method: M,
  request: MaybeRefOrGetter<RequestOf<M>>,
  options?: Omit<CallOptions, 'signal'> & { enabled?: MaybeRefOrGetter<boolean> },
): CallRefs<ResultOf<M>>;
