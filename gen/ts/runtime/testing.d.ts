// A bridge that is not there, for tests of what uses a client.
import type { BridgeError, BridgeRequest, ClientOptions } from './index.js';

export { BridgeError, Code } from './index.js';

/** One connection of a stream that the client has opened. */
export interface MockStream {
  /** "package.Service/Method" */
  readonly method: string;
  /** The request message. */
  readonly request: any;
  readonly headers: { [name: string]: string };
  readonly lastEventId: string;
  /** Resolves when the client has closed the connection. */
  readonly closed: Promise<void>;
  /** An event of the backend. */
  send(data: unknown, options?: { event?: string; id?: string }): void;
  /** The bridge loses the backend. */
  away(): void;
  /** It has the backend again. */
  back(): void;
  /** Events are missing here. */
  reset(gap?: { requested?: string; oldest?: string }): void;
  /** The stream ends, with an error if there is one. */
  end(error?: BridgeError): void;
  /** The connection is lost; the client opens another one. */
  drop(): void;
}

export interface MockTransport {
  /** `createClient({ ...mock.options })`. Reconnects within milliseconds. */
  readonly options: ClientOptions;
  /** All requests so far. */
  readonly requests: {
    kind: 'call' | 'stream';
    method: string;
    message: any;
    headers: { [name: string]: string };
  }[];
  /**
   * Answers calls of a method, "Service/Method" with or without its package, with
   * what `handler` returns. It may throw a BridgeError.
   */
  onCall(method: string, handler: (message: any, request: BridgeRequest) => unknown): this;
  /** The next connection of a stream that the client opens, or has opened. */
  stream(method: string): Promise<MockStream>;
  /** While true, the bridge cannot be reached. Open streams stay. */
  offline(value?: boolean): void;
}

export declare function mockTransport(): MockTransport;
