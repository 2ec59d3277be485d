// Messages as they look in JSON. Generated; do not edit.

import type * as $rt from './runtime/index.js';
import type * as $v from './runtime/values.js';

export interface ChannelEvent {
  /** joined, message, join, leave or typing. */
  type: "joined" | "message" | "join" | "leave" | "typing";
  payload?: ({ "@type": "type.googleapis.com/realtime.v1.Joined" } & Joined) | ({ "@type": "type.googleapis.com/realtime.v1.ChatMessage" } & ChatMessage) | ({ "@type": "type.googleapis.com/realtime.v1.MemberJoined" } & MemberJoined) | ({ "@type": "type.googleapis.com/realtime.v1.MemberLeft" } & MemberLeft) | ({ "@type": "type.googleapis.com/realtime.v1.Typing" } & Typing);
}

/** Payload of `joined`: the caller is in. */
export interface Joined {
  channel: string;
}

export interface ChatMessage {
  id: string;
  channel: string;
  user_id: string;
  username: string;
  content: string;
  timestamp?: string;
}

/** Payload of `join`: somebody came. */
export interface MemberJoined {
  channel: string;
  user_id: string;
}

/** Payload of `leave`: somebody went. */
export interface MemberLeft {
  channel: string;
  user_id: string;
}

/** Payload of `typing`. */
export interface Typing {
  channel: string;
  user_id: string;
}

export interface StreamChannelRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
  /** Resume after this event. */
  cursor?: string;
  /**
   * Where to go on when `cursor` is unknown, or older than what is kept: from
   * the oldest event that is. Otherwise such a cursor is refused with
   * OUT_OF_RANGE, and a google.rpc.ErrorInfo names the oldest one
   * (`CURSOR_EXPIRED`).
   */
  from_oldest?: boolean;
}

export interface SendMessageRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 4000 characters
   */
  content: string;
  /**
   * Only these members and the sender receive the message. If empty, everybody.
   *
   * Rules:
   * - must contain no more than 100 item(s)
   * - each value: must be at least 1 characters
   * - each value: must be at most 256 characters
   */
  to?: string[];
}

export interface SendTypingResponse {}

export interface SendTypingRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
}

export interface ListMessagesResponse {
  messages: ChatMessage[];
  /** Empty when there are no more. */
  next_page_token: string;
}

export interface ListMessagesRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
  /**
   * The most messages to return; 0 means 50. There may be fewer, because
   * messages to other members are left out.
   *
   * Rules:
   * - must be greater than or equal to 0 and less than or equal to 500
   */
  page_size?: number;
  /** Continue after this place: `next_page_token` of the page before. */
  page_token?: string;
}

export interface ListMembersResponse {
  user_ids: string[];
}

export interface ListMembersRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
}

export interface InviteResponse {}

export interface InviteRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
  /**
   * Who is invited.
   *
   * Rules:
   * - must be at least 1 characters
   * - must be at most 256 characters
   */
  invitee: string;
}

export interface RemoveResponse {}

export interface RemoveRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 128 characters
   */
  channel: string;
  /**
   * Who is removed.
   *
   * Rules:
   * - must be at least 1 characters
   * - must be at most 256 characters
   */
  member: string;
}

export interface DashboardMetrics {
  timestamp?: string;
  /** Users with an open call, or one in the last minute. */
  active_users: number;
  /** Calls per second, over the last ten seconds. */
  requests_per_sec: number;
  /** Part of those that failed, 0 to 1. */
  error_rate: number;
  /** Mean duration of unary calls in milliseconds, over the last ten seconds. */
  avg_latency_ms: number;
  /** Of the machine, 0 to 1. */
  cpu_usage: number;
  memory_usage: number;
}

export interface StreamMetricsRequest {}

export interface Notification {
  id: string;
  type: string;
  title: string;
  body: string;
  read: boolean;
  created_at?: string;
}

export interface StreamNotificationsRequest {
  /** Resume after this event. */
  cursor?: string;
  /**
   * Where to go on when `cursor` is unknown, or older than what is kept: from
   * the oldest event that is. Otherwise such a cursor is refused with
   * OUT_OF_RANGE, and a google.rpc.ErrorInfo names the oldest one
   * (`CURSOR_EXPIRED`).
   */
  from_oldest?: boolean;
}

export interface CreateNotificationRequest {
  /**
   * Who receives it.
   *
   * Rules:
   * - must be at most 256 characters
   */
  user_id: string;
  /**
   * Rules:
   * - must be at most 64 characters
   */
  type?: string;
  /**
   * Rules:
   * - must be at most 256 characters
   */
  title: string;
  /**
   * Rules:
   * - must be at most 4096 characters
   */
  body?: string;
}

export interface MarkReadRequest {
  id: string;
}

export interface PriceUpdate {
  symbol: string;
  price: number;
  /** The difference to the price before. */
  change: number;
  timestamp?: string;
}

export interface StreamPricesRequest {
  /**
   * The symbols to follow: one to ten.
   *
   * Rules:
   * - must contain at least 1 item(s)
   * - must contain no more than 10 item(s)
   * - must contain unique items
   * - each value: must be at least 1 characters
   * - each value: must be at most 32 characters
   */
  symbols: string[];
}

export interface PublishPriceRequest {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must be at most 32 characters
   */
  symbol: string;
  /**
   * Rules:
   * - must be greater than 0
   * - must be finite
   */
  price: number;
}

export interface ProgressUpdate {
  task_id: string;
  /** pending, running, completed or failed. */
  status: "pending" | "running" | "completed" | "failed";
  /** 0.0 to 1.0. */
  progress: number;
  message?: string;
  error?: string;
}

export interface StreamProgressRequest {
  task_id: string;
  /** Resume after this event. */
  cursor?: string;
  /**
   * Where to go on when `cursor` is unknown, or older than what is kept: from
   * the oldest event that is. Otherwise such a cursor is refused with
   * OUT_OF_RANGE, and a google.rpc.ErrorInfo names the oldest one
   * (`CURSOR_EXPIRED`).
   */
  from_oldest?: boolean;
}

export interface CreateTaskRequest {
  /**
   * Chosen by the caller, or made up when empty.
   *
   * Rules:
   * - must be at most 128 characters
   * - must match regex pattern `^[A-Za-z0-9_.-]*$`
   */
  task_id?: string;
  /**
   * Rules:
   * - must be at most 1024 characters
   */
  message?: string;
}

export interface UpdateTaskRequest {
  task_id: string;
  status: "pending" | "running" | "completed" | "failed";
  /**
   * Rules:
   * - must be greater than or equal to 0 and less than or equal to 1
   */
  progress?: number;
  /**
   * Rules:
   * - must be at most 1024 characters
   */
  message?: string;
  /**
   * Rules:
   * - must be at most 1024 characters
   */
  error?: string;
}

/** Describes `realtime.v1.ChannelEvent`. */
export declare const ChannelEvent: $v.MessageType<ChannelEvent, {}, {}>;

/** Describes `realtime.v1.Joined`. */
export declare const Joined: $v.MessageType<Joined, {}, {}>;

/** Describes `realtime.v1.ChatMessage`. */
export declare const ChatMessage: $v.MessageType<ChatMessage, { timestamp: "timestamp" }, {}>;

/** Describes `realtime.v1.MemberJoined`. */
export declare const MemberJoined: $v.MessageType<MemberJoined, {}, {}>;

/** Describes `realtime.v1.MemberLeft`. */
export declare const MemberLeft: $v.MessageType<MemberLeft, {}, {}>;

/** Describes `realtime.v1.Typing`. */
export declare const Typing: $v.MessageType<Typing, {}, {}>;

/** Describes `realtime.v1.StreamChannelRequest`. */
export declare const StreamChannelRequest: $v.MessageType<StreamChannelRequest, {}, {}>;

/** Describes `realtime.v1.SendMessageRequest`. */
export declare const SendMessageRequest: $v.MessageType<SendMessageRequest, {}, {}>;

/** Describes `realtime.v1.SendTypingResponse`. */
export declare const SendTypingResponse: $v.MessageType<SendTypingResponse, {}, {}>;

/** Describes `realtime.v1.SendTypingRequest`. */
export declare const SendTypingRequest: $v.MessageType<SendTypingRequest, {}, {}>;

/** Describes `realtime.v1.ListMessagesResponse`. */
export declare const ListMessagesResponse: $v.MessageType<ListMessagesResponse, { messages: [typeof ChatMessage] }, {}>;

/** Describes `realtime.v1.ListMessagesRequest`. */
export declare const ListMessagesRequest: $v.MessageType<ListMessagesRequest, {}, {}>;

/** Describes `realtime.v1.ListMembersResponse`. */
export declare const ListMembersResponse: $v.MessageType<ListMembersResponse, {}, {}>;

/** Describes `realtime.v1.ListMembersRequest`. */
export declare const ListMembersRequest: $v.MessageType<ListMembersRequest, {}, {}>;

/** Describes `realtime.v1.InviteResponse`. */
export declare const InviteResponse: $v.MessageType<InviteResponse, {}, {}>;

/** Describes `realtime.v1.InviteRequest`. */
export declare const InviteRequest: $v.MessageType<InviteRequest, {}, {}>;

/** Describes `realtime.v1.RemoveResponse`. */
export declare const RemoveResponse: $v.MessageType<RemoveResponse, {}, {}>;

/** Describes `realtime.v1.RemoveRequest`. */
export declare const RemoveRequest: $v.MessageType<RemoveRequest, {}, {}>;

/** Describes `realtime.v1.DashboardMetrics`. */
export declare const DashboardMetrics: $v.MessageType<DashboardMetrics, { timestamp: "timestamp" }, {}>;

/** Describes `realtime.v1.StreamMetricsRequest`. */
export declare const StreamMetricsRequest: $v.MessageType<StreamMetricsRequest, {}, {}>;

/** Describes `realtime.v1.Notification`. */
export declare const Notification: $v.MessageType<Notification, { created_at: "timestamp" }, {}>;

/** Describes `realtime.v1.StreamNotificationsRequest`. */
export declare const StreamNotificationsRequest: $v.MessageType<StreamNotificationsRequest, {}, {}>;

/** Describes `realtime.v1.CreateNotificationRequest`. */
export declare const CreateNotificationRequest: $v.MessageType<CreateNotificationRequest, {}, {}>;

/** Describes `realtime.v1.MarkReadRequest`. */
export declare const MarkReadRequest: $v.MessageType<MarkReadRequest, {}, {}>;

/** Describes `realtime.v1.PriceUpdate`. */
export declare const PriceUpdate: $v.MessageType<PriceUpdate, { timestamp: "timestamp" }, {}>;

/** Describes `realtime.v1.StreamPricesRequest`. */
export declare const StreamPricesRequest: $v.MessageType<StreamPricesRequest, {}, {}>;

/** Describes `realtime.v1.PublishPriceRequest`. */
export declare const PublishPriceRequest: $v.MessageType<PublishPriceRequest, {}, {}>;

/** Describes `realtime.v1.ProgressUpdate`. */
export declare const ProgressUpdate: $v.MessageType<ProgressUpdate, {}, {}>;

/** Describes `realtime.v1.StreamProgressRequest`. */
export declare const StreamProgressRequest: $v.MessageType<StreamProgressRequest, {}, {}>;

/** Describes `realtime.v1.CreateTaskRequest`. */
export declare const CreateTaskRequest: $v.MessageType<CreateTaskRequest, {}, {}>;

/** Describes `realtime.v1.UpdateTaskRequest`. */
export declare const UpdateTaskRequest: $v.MessageType<UpdateTaskRequest, {}, {}>;
