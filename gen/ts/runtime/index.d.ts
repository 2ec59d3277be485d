// Types of the runtime. They need neither the DOM library nor @types/node.

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
  /** For unary calls. */
  timeoutMs?: number;
  /**
   * A connection that receives nothing for this long is considered dead; 0
   * disables this. Default: two keep-alive intervals and 15 s.
   */
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
  /** Used instead of the global fetch. */
  fetch?: (url: string, init: any) => Promise<any>;
}

export interface CallOptions {
  signal?: Signal;
  timeoutMs?: number;
  headers?: { [name: string]: string };
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

export interface StreamState {
  state: 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';
  /** Attempts since the last event. */
  attempts: number;
  /** Why the connection is not open. */
  error?: BridgeError;
  /** Delay before the next attempt. */
  delayMs?: number;
  /** The connection is open, but the bridge has lost the backend. */
  upstream?: 'away';
  lastEventId: string;
}

export interface StreamOptions<T = any, Name extends string = string> {
  /** Ends the stream; reading it then throws the signal's reason. */
  signal?: Signal;
  /** Resume after this event. */
  lastEventId?: string;
  headers?: { [name: string]: string };
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
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
  /** With `onEvent`: settles when the stream has ended. */
  readonly done: Promise<void>;
  readonly state: StreamState['state'];
  readonly lastEventId: string;
  close(): void;
}
