// Generated; do not edit.
import type * as m from './messages.js';
import type * as $rt from './runtime/index.js';

export type * from './messages.js';
export { BridgeError, Code, EventStream, eventSource, retry } from './runtime/index.js';
export type {
  BridgeEventSource,
  BridgeRequest,
  BridgeResponse,
  CallOptions,
  CallPromise,
  CallResult,
  ClientOptions,
  ErrorDetails,
  EventSourceOptions,
  Interceptor,
  ReconnectPolicy,
  Reset,
  ResponseMeta,
  RetryPolicy,
  StateReason,
  StoreOptions,
  StreamEvent,
  StreamOptions,
  StreamSnapshot,
  StreamState,
  StreamStore,
} from './runtime/index.js';

/**
 * Sells things.
 *
 * - by piece
 * - by weight
 */
export class ShopClient {
  private constructor();

  /**
   * Follows the orders of a shop.
   *
   * Ends when the shop closes *\/ for good.
   *
   * Needs scope `shop` or `shop:write`, and role `clerk`.
   */
  watchOrders(this: void, request?: m.WatchOrdersRequest, options?: $rt.StreamOptions<m.Order, string>): $rt.EventStream<m.Order, string>;

  /**
   * Needs scope `shop` or `shop:write`, and role `clerk`.
   *
   * @deprecated
   */
  updateOrder(this: void, request: m.UpdateOrderRequest, options?: $rt.CallOptions): $rt.CallPromise<m.Order>;

  /**
   * Reads an order.
   *
   * Needs a token.
   */
  getOrder(this: void, request: m.GetOrderRequest, options?: $rt.CallOptions): $rt.CallPromise<m.Order>;

  /**
   * The orders of all times.
   *
   * Needs scope `shop` or `shop:write`, and role `clerk`.
   *
   * Events with the bytes in base64. To get the raw bytes, use a link or `fetch`
   * without `Accept: text/event-stream`.
   */
  exportOrders(this: void, request?: m.EmptyInput, options?: $rt.StreamOptions<m.HttpBody, "message">): $rt.EventStream<m.HttpBody, "message">;

  /** A picture, as it is. */
  getPicture(this: void, request: m.GetPictureRequest, options?: $rt.CallOptions): $rt.CallPromise<$rt.Bytes>;

  /** Needs a token. */
  close(this: void, request?: m.EmptyInput, options?: $rt.CallOptions): $rt.CallPromise<m.Empty>;
}

/** Another service's messages look otherwise. */
export class AuditClient {
  private constructor();

  tail(this: void, request?: m.EmptyInput_2, options?: $rt.StreamOptions<m.Order_2, "order">): $rt.EventStream<m.Order_2, "order">;
}

export interface Services {
  readonly shop: ShopClient;
  readonly audit: AuditClient;
}

export interface Client extends Services {}
export class Client {
  constructor(options?: $rt.ClientOptions);

  /**
   * The same services, with streams that share one connection. It is not
   * opened again when streams come and go.
   */
  shared(options?: $rt.SharedOptions): Services;

  /** Closes all streams of the client. */
  close(): void;
}

export function createClient(options?: $rt.ClientOptions): Client;
