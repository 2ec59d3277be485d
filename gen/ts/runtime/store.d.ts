import type { BridgeError, StateReason, StreamOptions, StreamState } from './index.js';

/** What a store keeps of a stream. */
export type StoreOptions<T = any> = {
  /**
   * The latest event's data (default), a list of the newest, or the newest for
   * each key.
   */
  keep?: 'latest' | 'list' | 'map';
  /** The most entries; beyond it the oldest go. Default: list 100, map 10000. */
  max?: number;
  /**
   * Of a map: the path of a field ("order.id"), or a function of the data.
   * Default: the schema's `snapshot.key`.
   */
  key?: string | ((data: T) => unknown);
  /** The least time between two changes. Default: 0, all events of one task. */
  throttleMs?: number;
  /** How long the stream stays open without subscribers. Default: 0. */
  lingerMs?: number;
};

/** The data that a function for `key` reads, where its type follows a method. */
export interface KeyOf<T> {
  key?: string | ((data: T) => unknown);
}

/** What a store with these options keeps. */
export type Kept<T, O> = O extends { readonly keep: 'list' }
  ? readonly T[]
  : O extends { readonly keep: 'map' }
    ? ReadonlyMap<string, T>
    : T | undefined;

/** Replaced, never changed. */
export interface StreamSnapshot<D> {
  readonly data: D;
  readonly state: StreamState['state'];
  readonly reason: StateReason | undefined;
  /** Why the stream reconnects or has ended. */
  readonly error: BridgeError | undefined;
  /** When `state` changed, as `Date.now()`. */
  readonly since: number;
  /** How often events were lost, so that lists and maps began again. */
  readonly resets: number;
}

/** A store for every framework; also one by the contract of Svelte. */
export interface StreamStore<D> {
  /** Calls `run` at once, and after each change. Returns what ends this. */
  readonly subscribe: (run: (snapshot: StreamSnapshot<D>) => void) => () => void;
  readonly getSnapshot: () => StreamSnapshot<D>;
  /** The snapshot before anything has arrived, for rendering on a server. */
  readonly getServerSnapshot: () => StreamSnapshot<D>;
  /** Forgets everything and begins again, also after an error. */
  readonly restart: () => void;
}

/** A unary method of a client. */
export type CallMethod<R = any, T = any> = (request: R, options?: any) => Promise<T>;
/** A server-streaming method of a client. */
export type StreamMethod<R = any, T = any> = (request: R, options?: any) => StreamLike<T>;

/** An EventStream, whatever the names of its events. */
export interface StreamLike<T> {
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  readonly lastEventId: string;
}

export type RequestOf<M extends (request: any, options?: any) => unknown> = Parameters<M>[0];
/** What a call returns, or the data of a stream's events. */
export type ResultOf<M> = M extends (...args: any) => StreamLike<infer T>
  ? T
  : M extends (...args: any) => Promise<infer T>
    ? T
    : never;

/** Options of a stream whose events somebody else receives. */
export type BackgroundOptions = Omit<StreamOptions, 'onEvent' | 'onError' | 'signal'>;

