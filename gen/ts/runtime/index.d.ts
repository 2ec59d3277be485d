// Types of the runtime. They need neither the DOM library nor @types/node.

import type { Kept, KeyOf, StoreOptions, StreamStore } from './store.js';

export type { Kept, StoreOptions, StreamSnapshot, StreamStore } from './store.js';

/** google.rpc.Code by name. */
export declare const Code: {
  readonly OK: 0;
  readonly CANCELLED: 1;
  readonly UNKNOWN: 2;
  readonly INVALID_ARGUMENT: 3;
  readonly DEADLINE_EXCEEDED: 4;
  readonly NOT_FOUND: 5;
  readonly ALREADY_EXISTS: 6;
  readonly PERMISSION_DENIED: 7;
  readonly RESOURCE_EXHAUSTED: 8;
  readonly FAILED_PRECONDITION: 9;
  readonly ABORTED: 10;
  readonly OUT_OF_RANGE: 11;
  readonly UNIMPLEMENTED: 12;
  readonly INTERNAL: 13;
  readonly UNAVAILABLE: 14;
  readonly DATA_LOSS: 15;
  readonly UNAUTHENTICATED: 16;
};

export interface FieldViolation {
  field: string;
  description: string;
}

/** Details that google.rpc specifies, by type. Schemas may add theirs. */
export interface ErrorDetails {
  'google.rpc.BadRequest': { fieldViolations?: FieldViolation[] };
  'google.rpc.ErrorInfo': {
    reason?: string;
    domain?: string;
    metadata?: { [key: string]: string };
  };
  'google.rpc.RetryInfo': { retryDelay?: string };
  'google.rpc.QuotaFailure': { violations?: { subject?: string; description?: string }[] };
  'google.rpc.PreconditionFailure': {
    violations?: { type?: string; subject?: string; description?: string }[];
  };
  'google.rpc.ResourceInfo': {
    resourceType?: string;
    resourceName?: string;
    owner?: string;
    description?: string;
  };
  'google.rpc.RequestInfo': { requestId?: string; servingData?: string };
  'google.rpc.Help': { links?: { description?: string; url?: string }[] };
  'google.rpc.LocalizedMessage': { locale?: string; message?: string };
  'google.rpc.DebugInfo': { stackEntries?: string[]; detail?: string };
}

/** What is needed of the standard Headers. */
export interface ResponseHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(callback: (value: string, name: string) => void): void;
}

/** The error of a failed call or stream. */
export declare class BridgeError extends Error {
  constructor(
    code: number,
    message: string,
    options?: { cause?: unknown; httpStatus?: number; details?: Any[]; retryAfterMs?: number },
  );
  /** google.rpc.Code */
  readonly code: number;
  /** Its name: "PERMISSION_DENIED" */
  readonly status: keyof typeof Code;
  /** Set if the error is an HTTP response. */
  readonly httpStatus: number | undefined;
  readonly details: Any[];
  readonly retryAfterMs: number | undefined;
  /** Retrying the same request would not help. */
  readonly permanent: boolean;
  /** The invalid fields of the request, with reasons. */
  readonly fieldViolations: FieldViolation[];
  /** Of the response, if the error is one. */
  readonly headers: ResponseHeaders | undefined;
  /** What the log of the bridge calls the request; "" if there was no response. */
  readonly requestId: string;
  /** The first detail of this type: `error.detail('google.rpc.ErrorInfo')?.reason`. */
  detail<Type extends keyof ErrorDetails>(
    type: Type,
  ): (ErrorDetails[Type] & { '@type': string }) | undefined;
  detail<Detail extends object = Any>(type: string): Detail | undefined;
}

/** A double that may be infinite or NaN. `Number(value)` converts every form. */
export type Double = number | 'NaN' | 'Infinity' | '-Infinity';
/** A 64-bit integer; numbers only if they are exact. */
export type LongInput = string | number | bigint;
/** Base64 text, or the bytes. */
export type BytesInput = string | Uint8Array;
export type Bytes = Uint8Array;
/** RFC 3339 text, or a Date. */
export type TimestampInput = string | Date;
/** google.protobuf.Any of a type that the schema does not specify. */
export interface Any {
  '@type': string;
  [field: string]: any;
}
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Struct = { [key: string]: Value };

/** An AbortSignal. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface TokenRequest {
  /** The previous token was rejected or has expired: get a new one. */
  refresh: boolean;
  error?: BridgeError;
}

export interface ReconnectPolicy {
  /**
   * Upper bound of the first, random delay; it doubles with each attempt.
   * Default: the stream's `retry:`.
   */
  baseMs?: number;
  /** Maximum of this bound. Default: 30000. */
  maxMs?: number;
  /** Maximum number of consecutive attempts without an event. Default: no limit. */
  maxAttempts?: number;
  /** Whether to reconnect. Default: not after permanent errors. */
  shouldReconnect?: (error: BridgeError) => boolean;
}

/** Streams of pages that are not visible. */
export type HiddenPolicy = 'keep' | 'close' | { closeAfterMs: number };

/** A request on its way to the bridge. */
export interface BridgeRequest {
  readonly kind: 'call' | 'stream';
  /**
   * "package.Service/Method"; the path for requests that carry several streams
   * or none ("/events", "/auth/ticket").
   */
  readonly method: string;
  /** The request message. */
  readonly message?: any;
  readonly verb: string;
  readonly url: string;
  readonly headers: { [name: string]: string };
  readonly body?: any;
  readonly signal?: any;
}

/** What is needed of the standard Response. */
export interface BridgeResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: any;
  readonly body?: any;
  json(): Promise<any>;
  text(): Promise<string>;
  arrayBuffer(): Promise<any>;
}

/**
 * Sees each request, also those that reconnect: `next` sends the request, or a
 * changed copy, as often as it is called. It throws a BridgeError (UNAVAILABLE)
 * if there is no response.
 */
export type Interceptor = (
  request: BridgeRequest,
  next: (request: BridgeRequest) => Promise<BridgeResponse>,
) => Promise<BridgeResponse>;

export interface RetryPolicy {
  /** Maximum number of attempts. Default: 3. */
  attempts?: number;
  /** Upper bound of the first, random delay; it doubles. Default: 200. */
  baseMs?: number;
  /** Maximum of this bound. Default: 5000. */
  maxMs?: number;
  /** Which calls may be repeated besides those by GET. Default: none. */
  isIdempotent?: (request: BridgeRequest) => boolean;
}

/**
 * An interceptor that repeats calls which found no bridge, or one without
 * capacity (429, 502, 503, 504). Streams reconnect without it.
 */
export declare function retry(policy?: RetryPolicy): Interceptor;

export interface ClientOptions {
  /** "https://api.example.com". Default in a page: the page's origin. */
  baseUrl?: string;
  /**
   * The bearer token, or a callback that returns it. The callback is called once,
   * and again with `refresh` if the token was rejected or has expired. If it
   * throws, the call or stream ends with that error.
   */
  token?:
    | string
    | null
    | ((request: TokenRequest) => string | null | undefined | Promise<string | null | undefined>);
  /** Sent with every request. */
  headers?: { [name: string]: string };
  /** 'include' sends cookies to another origin. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** Deadline of calls, for the bridge and for the client itself. */
  timeoutMs?: number;
  /**
   * A connection that receives nothing for this long is considered dead; 0
   * disables this. Default: two keep-alive intervals and 15 s.
   */
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
  /**
   * 'close' closes streams while the page is hidden; then they resume after the
   * last event. Default: 'keep'.
   */
  hidden?: HiddenPolicy;
  /**
   * All tabs of the origin share one connection, if they have the same bridge and
   * the same user: the same claims in the token, or the same `name`, which is
   * needed if the token is no JWT or a cookie. Where the browser cannot do this,
   * each stream has a connection of its own.
   */
  tabs?: boolean | { name?: string };
  /** The first one sees each request first, and its response last. */
  interceptors?: Interceptor[];
  /** Used instead of the global fetch. */
  fetch?: (url: string, init: any) => Promise<any>;
  /** Neither `tabs` nor `shared()` have an effect. For tests. */
  separate?: boolean;
}

export interface ResponseMeta {
  readonly headers: ResponseHeaders;
  /** What the log of the bridge calls the request. */
  readonly requestId: string;
  readonly httpStatus: number;
}

export interface CallOptions {
  signal?: Signal;
  /** The call fails with DEADLINE_EXCEEDED after this time. */
  timeoutMs?: number;
  headers?: { [name: string]: string };
  /** Called for each response, also for one that is an error. */
  onResponse?: (meta: ResponseMeta) => void;
}

export interface CallResult<T> extends ResponseMeta {
  readonly data: T;
}

/** The answer of a call. */
export interface CallPromise<T> extends Promise<T> {
  /** The answer with the headers of its response. */
  withResponse(): Promise<CallResult<T>>;
}

/** One event; `event` is "message" if the event is unnamed. */
export interface StreamEvent<T, Name extends string = string> {
  event: Name;
  /** Id after which the stream can be resumed; may be "". */
  id: string;
  data: T;
}

/**
 * The stream could not be resumed after `requested`: reload the data shown.
 * `oldest` is the oldest id that can be resumed after; it may be empty.
 */
export interface Reset {
  requested: string;
  oldest: string;
}

/**
 * stale: 'backend': the bridge has lost the backend, the connection is open.
 * reconnecting: 'network': nothing gets through, or the connection broke;
 *   'ended': the connection ended, without the stream (maximum age, restart);
 *   'server': a temporary error of the bridge or the backend; 'token': the token
 *   is renewed; 'hidden': the page is not visible.
 * closed: 'done': the stream has ended; 'failed': with an error; 'aborted': by
 *   the signal; 'close': by `close()` or by leaving the loop.
 */
export type StateReason =
  | 'backend'
  | 'network'
  | 'ended'
  | 'server'
  | 'token'
  | 'hidden'
  | 'done'
  | 'failed'
  | 'aborted'
  | 'close';

/** Immutable; there is a new one for each change. */
export interface StreamState {
  readonly state: 'idle' | 'connecting' | 'live' | 'stale' | 'reconnecting' | 'closed';
  /** Not of idle, connecting and live. */
  readonly reason?: StateReason;
  /** Attempts since the last event. */
  readonly attempts: number;
  /** What is behind the reason. When closed, also what a callback has thrown. */
  readonly error?: any;
  /** Delay before the next attempt. */
  readonly delayMs?: number;
  /** When `state` changed, in milliseconds since 1970. */
  readonly since: number;
  /** At that time. */
  readonly lastEventId: string;
}

export interface StreamOptions<T = any, Name extends string = string> {
  /** Ends the stream; reading it then throws the signal's reason. */
  signal?: Signal;
  /** Resume after this event. */
  lastEventId?: string;
  headers?: { [name: string]: string };
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
  hidden?: HiddenPolicy;
  onState?: (state: StreamState) => void;
  /** The id to resume after is no longer available. */
  onReset?: (reset: Reset) => void;
  /** Called for an event that cannot be converted; the stream continues. */
  onUnreadable?: (error: BridgeError) => void;
  /** Starts reading the stream. The next event waits for a returned promise. */
  onEvent?: (data: T, event: StreamEvent<T, Name>) => unknown;
  /** With `onEvent`: the error that ended the stream. */
  onError?: (error: unknown) => void;
}

export interface SharedOptions {
  headers?: { [name: string]: string };
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
}

/** Callbacks of `EventStream.start`; see StreamOptions. */
export type StreamListeners<T, Name extends string = string> = Pick<
  StreamOptions<T, Name>,
  'onEvent' | 'onError' | 'onState' | 'onReset' | 'onUnreadable'
>;

/**
 * A subscription. Connects when it is read and reconnects automatically, resuming
 * after the last event, until it ends (the loop ends), fails permanently (throws
 * a BridgeError), is aborted (throws the signal's reason) or closed.
 */
export declare class EventStream<T, Name extends string = string> {
  private constructor();
  /** The data of each event. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  /** Each event with its name and id. */
  events(): AsyncIterableIterator<StreamEvent<T, Name>>;
  /** Reads in the background, as with `onEvent`. Returns `done`. */
  start(listeners?: StreamListeners<T, Name>): Promise<void>;
  /** A stream of the same request that is not read yet. */
  reopen(options?: StreamOptions<T, Name>): EventStream<T, Name>;
  /**
   * Settles when the stream has ended or is closed, and rejects if it has failed
   * or was aborted. It need not be handled.
   */
  readonly done: Promise<void>;
  readonly state: StreamState['state'];
  /** The state with its reason. The same object until it changes. */
  readonly status: StreamState;
  /** Calls `listener` for each change. Returns a function that ends this. */
  onState(listener: (state: StreamState) => void): () => void;
  readonly lastEventId: string;
  readonly method: { readonly name: string };
  readonly request: any;
  close(): void;
  /**
   * A store for any framework, of a stream that is not read yet: it connects
   * while somebody subscribes.
   */
  store<const O extends StoreOptions<T> = {}>(options?: O & KeyOf<T>): StreamStore<Kept<T, O>>;
}

export interface EventSourceOptions {
  /** Resume after this event. */
  lastEventId?: string;
  /** Used instead of the global EventSource. */
  EventSource?: any;
}

/**
 * An EventSource that opens itself again, with a new ticket and after the last
 * event, when the browser has given up. `error` events have an `error` if the
 * reason is known; it is over when `readyState` is 2.
 */
export interface BridgeEventSource {
  readonly url: string;
  readonly readyState: 0 | 1 | 2;
  readonly lastEventId: string;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: { data: string; lastEventId: string }) => void) | null;
  onerror: ((event: { error?: BridgeError }) => void) | null;
  addEventListener(type: string, listener: (event: any) => void, options?: any): void;
  removeEventListener(type: string, listener: (event: any) => void, options?: any): void;
  close(): void;
}

/** Opens an EventSource for the request of `stream`, which is not read. */
export declare function eventSource(
  stream: EventStream<any, any>,
  options?: EventSourceOptions,
): BridgeEventSource;
