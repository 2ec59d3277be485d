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
  StreamStore,
} from './store.js';

export type { StoreOptions, StreamSnapshot, StreamStore } from './store.js';

/**
 * What `client.prices.stream` sends for a request: `$prices.data` in a component.
 * Connects while somebody subscribes.
 */
export declare function streamStore<
  M extends StreamMethod,
  const O extends StoreOptions<ResultOf<M>> & { stream?: BackgroundOptions } = {},
>(method: M, request: RequestOf<M>, options?: O & KeyOf<ResultOf<M>>): StreamStore<Kept<ResultOf<M>, O>>;

export interface CallSnapshot<T> {
  readonly data: T | undefined;
  readonly error: BridgeError | undefined;
  readonly loading: boolean;
}

export interface CallStore<T> {
  /** Calls `run` at once, and after each change. Returns what ends this. */
  readonly subscribe: (run: (snapshot: CallSnapshot<T>) => void) => () => void;
  readonly reload: () => void;
}

/** What `client.tasks.get` answers: `$task.data` in a component. */
export declare function callStore<M extends CallMethod>(
  method: M,
  request: RequestOf<M>,
  options?: Omit<CallOptions, 'signal'>,
): CallStore<ResultOf<M>>;
