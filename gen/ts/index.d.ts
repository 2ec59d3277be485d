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
 * Publish and subscribe by channel, with presence and history. A channel whose
 * name begins with `private-` admits only its owner (who first invited
 * somebody) and those invited.
 */
export class ChannelsClient {
  private constructor();

  /**
   * Joins a channel and streams its events: `system` first (type `joined`),
   * then `message`, `join`, `leave` and `typing`.
   *
   * Needs a token.
   */
  stream(this: void, request: m.StreamChannelRequest, options?: $rt.StreamOptions<m.ChannelEvent, "system" | "message" | "join" | "leave" | "typing">): $rt.EventStream<m.ChannelEvent, "system" | "message" | "join" | "leave" | "typing">;

  /**
   * Sends a message in the name of the caller.
   *
   * Needs a token.
   */
  sendMessage(this: void, request: m.SendMessageRequest, options?: $rt.CallOptions): $rt.CallPromise<m.ChatMessage>;

  /**
   * Tells the others that the caller is typing.
   *
   * Needs a token.
   */
  sendTyping(this: void, request: m.SendTypingRequest, options?: $rt.CallOptions): $rt.CallPromise<m.SendTypingResponse>;

  /**
   * Lists a channel's messages, oldest first.
   *
   * Needs a token.
   */
  listMessages(this: void, request: m.ListMessagesRequest, options?: $rt.CallOptions): $rt.CallPromise<m.ListMessagesResponse>;

  /**
   * Lists who is in a channel now.
   *
   * Needs a token.
   */
  listMembers(this: void, request: m.ListMembersRequest, options?: $rt.CallOptions): $rt.CallPromise<m.ListMembersResponse>;

  /**
   * Admits somebody to a private channel. The first to invite owns it.
   *
   * Needs a token.
   */
  invite(this: void, request: m.InviteRequest, options?: $rt.CallOptions): $rt.CallPromise<m.InviteResponse>;

  /**
   * Takes back an invitation. Only the owner may. The open streams of that
   * member end within the time after which sessions are renewed.
   *
   * Needs a token.
   */
  remove(this: void, request: m.RemoveRequest, options?: $rt.CallOptions): $rt.CallPromise<m.RemoveResponse>;
}

/** What an administrator's dashboard shows. */
export class MetricsClient {
  private constructor();

  /**
   * Streams dashboard metrics, one message a second.
   *
   * Needs role `admin`.
   */
  stream(this: void, request?: m.StreamMetricsRequest, options?: $rt.StreamOptions<m.DashboardMetrics, "message">): $rt.EventStream<m.DashboardMetrics, "message">;
}

/** Durable notifications: unread ones first, then new ones as they arrive. */
export class NotificationsClient {
  private constructor();

  /**
   * Streams the caller's notifications: `unread` ones first, then `new` ones.
   *
   * Needs scope `notifications:read`.
   */
  stream(this: void, request?: m.StreamNotificationsRequest, options?: $rt.StreamOptions<m.Notification, "unread" | "new">): $rt.EventStream<m.Notification, "unread" | "new">;

  /**
   * Creates a notification for a user. It is durable once this returns.
   *
   * Needs scope `notifications:write`.
   */
  create(this: void, request: m.CreateNotificationRequest, options?: $rt.CallOptions): $rt.CallPromise<m.Notification>;

  /**
   * Marks one of the caller's notifications as read.
   *
   * Needs scope `notifications:write`.
   */
  markRead(this: void, request: m.MarkReadRequest, options?: $rt.CallOptions): $rt.CallPromise<m.Notification>;
}

/** Prices of financial instruments, as they change. */
export class PricesClient {
  private constructor();

  /** Streams real-time price updates for specified symbols */
  stream(this: void, request: m.StreamPricesRequest, options?: $rt.StreamOptions<m.PriceUpdate, "message">): $rt.EventStream<m.PriceUpdate, "message">;

  /**
   * Publishes a price. Everybody who streams the symbol receives it.
   *
   * Needs scope `prices:publish`.
   */
  publish(this: void, request: m.PublishPriceRequest, options?: $rt.CallOptions): $rt.CallPromise<m.PriceUpdate>;
}

/** Tasks and their progress. */
export class TasksClient {
  private constructor();

  /**
   * Streams a task's progress: the current state first, then each update. The
   * stream ends when the task has completed or failed.
   *
   * Needs a token.
   */
  streamProgress(this: void, request: m.StreamProgressRequest, options?: $rt.StreamOptions<m.ProgressUpdate, "message">): $rt.EventStream<m.ProgressUpdate, "message">;

  /**
   * Creates a task in the state `pending`.
   *
   * Needs scope `tasks:write`.
   */
  create(this: void, request?: m.CreateTaskRequest, options?: $rt.CallOptions): $rt.CallPromise<m.ProgressUpdate>;

  /**
   * Reports progress of a task that has not ended yet.
   *
   * Needs scope `tasks:write`.
   */
  update(this: void, request: m.UpdateTaskRequest, options?: $rt.CallOptions): $rt.CallPromise<m.ProgressUpdate>;
}

export interface Services {
  readonly channels: ChannelsClient;
  readonly metrics: MetricsClient;
  readonly notifications: NotificationsClient;
  readonly prices: PricesClient;
  readonly tasks: TasksClient;
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
