// Types of the runtime. They need no DOM library and no @types/node.

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

/** What a call or stream fails with. */
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
  /** Where it was an HTTP answer. */
  readonly httpStatus: number | undefined;
  readonly details: Any[];
  readonly retryAfterMs: number | undefined;
  /** Trying again as it is would not help. */
  readonly permanent: boolean;
  /** The fields of the request that are wrong, and why. */
  readonly fieldViolations: FieldViolation[];
}

/** A double that no rule keeps finite. `Number(value)` reads each of them. */
export type Double = number | 'NaN' | 'Infinity' | '-Infinity';
/** A 64-bit integer; numbers only where they are exact. */
export type LongInput = string | number | bigint;
/** Base64 text, or the bytes. */
export type BytesInput = string | Uint8Array;
export type Bytes = Uint8Array;
/** RFC 3339 text, or a Date. */
export type TimestampInput = string | Date;
/** google.protobuf.Any of a type that the schema does not tell. */
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
  /** The token of before was refused, or has expired: get another. */
  refresh: boolean;
  error?: BridgeError;
}

export interface ReconnectPolicy {
  /**
   * The first wait is random up to this, and the bound doubles with each
   * attempt. Default: what the stream's `retry:` says.
   */
  baseMs?: number;
  /** The bound's bound. Default 30000. */
  maxMs?: number;
  /** Attempts in a row without an event; default: no limit. */
  maxAttempts?: number;
  /** Instead of the default: not on permanent errors. */
  shouldReconnect?: (error: BridgeError) => boolean;
}

export interface ClientOptions {
  /** "https://api.example.com"; in a page the default is the page's origin. */
  baseUrl?: string;
  /**
   * The bearer token, or how to get it. A callback is asked once, and again
   * with `refresh` when the token was refused or has expired; what it throws
   * ends the call or stream.
   */
  token?:
    | string
    | null
    | ((request: TokenRequest) => string | null | undefined | Promise<string | null | undefined>);
  /** Sent with every request. */
  headers?: { [name: string]: string };
  /** For cookies on another origin: 'include'. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** Of unary calls. */
  timeoutMs?: number;
  /**
   * A connection without a byte for so long is dead; 0 turns that off. Default:
   * two keep-alive comments and 15 s.
   */
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
  /** Instead of the global fetch. */
  fetch?: (url: string, init: any) => Promise<any>;
}

export interface CallOptions {
  signal?: Signal;
  timeoutMs?: number;
  headers?: { [name: string]: string };
}

/** One event: `event` is "message" where it has no name of its own. */
export interface StreamEvent<T, Name extends string = string> {
  event: Name;
  /** Where the stream can be resumed after; "" without. */
  id: string;
  data: T;
}

/**
 * The stream could not be resumed after `requested`: reload what was shown.
 * `oldest` is the oldest id that could be; it may be empty.
 */
export interface Reset {
  requested: string;
  oldest: string;
}

export interface StreamState {
  state: 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';
  /** Since the last event. */
  attempts: number;
  /** Why it is not open. */
  error?: BridgeError;
  /** How long it waits before the next attempt. */
  delayMs?: number;
  /** The connection is open, but the backend behind it is lost for now. */
  upstream?: 'away';
  lastEventId: string;
}

export interface StreamOptions<T = any, Name extends string = string> {
  /** Ends the stream at any time; reading it then throws the signal's reason. */
  signal?: Signal;
  /** Resume after this event. */
  lastEventId?: string;
  headers?: { [name: string]: string };
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
  onState?: (state: StreamState) => void;
  /** The place to resume after is not known any more. */
  onReset?: (reset: Reset) => void;
  /** Stands for an event that cannot be shown; the stream goes on. */
  onUnreadable?: (error: BridgeError) => void;
  /** Reads the stream at once. The next event waits for a promise returned. */
  onEvent?: (data: T, event: StreamEvent<T, Name>) => unknown;
  /** With `onEvent`: why the stream has ended. */
  onError?: (error: unknown) => void;
}

export interface SharedOptions {
  headers?: { [name: string]: string };
  idleTimeoutMs?: number;
  reconnect?: ReconnectPolicy;
}

/**
 * A subscription: it connects when it is read, and reconnects by itself, after
 * the last event, until it ends (the loop ends), fails for good (throws a
 * BridgeError), is aborted (throws the signal's reason) or closed.
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
