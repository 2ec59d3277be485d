// Values of enums and descriptors of messages. Generated; do not edit.

export const ChannelEvent = {
  typeName: "realtime.v1.ChannelEvent",
  fields: [
    { name: "type", jsonName: "type", number: 1, kind: "string" },
    { name: "payload", jsonName: "payload", number: 2, kind: "any" },
  ],
  oneofs: [],
};

export const Joined = {
  typeName: "realtime.v1.Joined",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
  ],
  oneofs: [],
};

export const ChatMessage = {
  typeName: "realtime.v1.ChatMessage",
  fields: [
    { name: "id", jsonName: "id", number: 1, kind: "string" },
    { name: "channel", jsonName: "channel", number: 2, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 3, kind: "string" },
    { name: "username", jsonName: "username", number: 4, kind: "string" },
    { name: "content", jsonName: "content", number: 5, kind: "string" },
    { name: "timestamp", jsonName: "timestamp", number: 6, kind: "timestamp" },
  ],
  oneofs: [],
};

export const MemberJoined = {
  typeName: "realtime.v1.MemberJoined",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const MemberLeft = {
  typeName: "realtime.v1.MemberLeft",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const Typing = {
  typeName: "realtime.v1.Typing",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const StreamChannelRequest = {
  typeName: "realtime.v1.StreamChannelRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
    { name: "cursor", jsonName: "cursor", number: 3, kind: "string" },
    { name: "from_oldest", jsonName: "fromOldest", number: 4, kind: "bool" },
  ],
  oneofs: [],
};

export const SendMessageRequest = {
  typeName: "realtime.v1.SendMessageRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
    { name: "content", jsonName: "content", number: 3, kind: "string" },
    { name: "to", jsonName: "to", number: 4, kind: "string", list: true },
  ],
  oneofs: [],
};

export const SendTypingResponse = {
  typeName: "realtime.v1.SendTypingResponse",
  fields: [],
  oneofs: [],
};

export const SendTypingRequest = {
  typeName: "realtime.v1.SendTypingRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const ListMessagesResponse = {
  typeName: "realtime.v1.ListMessagesResponse",
  fields: [
    { name: "messages", jsonName: "messages", number: 1, kind: "message", type: () => ChatMessage, list: true },
    { name: "next_page_token", jsonName: "nextPageToken", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const ListMessagesRequest = {
  typeName: "realtime.v1.ListMessagesRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
    { name: "page_size", jsonName: "pageSize", number: 3, kind: "int32" },
    { name: "page_token", jsonName: "pageToken", number: 4, kind: "string" },
  ],
  oneofs: [],
};

export const ListMembersResponse = {
  typeName: "realtime.v1.ListMembersResponse",
  fields: [
    { name: "user_ids", jsonName: "userIds", number: 1, kind: "string", list: true },
  ],
  oneofs: [],
};

export const ListMembersRequest = {
  typeName: "realtime.v1.ListMembersRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const InviteResponse = {
  typeName: "realtime.v1.InviteResponse",
  fields: [],
  oneofs: [],
};

export const InviteRequest = {
  typeName: "realtime.v1.InviteRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
    { name: "invitee", jsonName: "invitee", number: 3, kind: "string" },
  ],
  oneofs: [],
};

export const RemoveResponse = {
  typeName: "realtime.v1.RemoveResponse",
  fields: [],
  oneofs: [],
};

export const RemoveRequest = {
  typeName: "realtime.v1.RemoveRequest",
  fields: [
    { name: "channel", jsonName: "channel", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
    { name: "member", jsonName: "member", number: 3, kind: "string" },
  ],
  oneofs: [],
};

export const DashboardMetrics = {
  typeName: "realtime.v1.DashboardMetrics",
  fields: [
    { name: "timestamp", jsonName: "timestamp", number: 1, kind: "timestamp" },
    { name: "active_users", jsonName: "activeUsers", number: 2, kind: "int32" },
    { name: "requests_per_sec", jsonName: "requestsPerSec", number: 3, kind: "double" },
    { name: "error_rate", jsonName: "errorRate", number: 4, kind: "double" },
    { name: "avg_latency_ms", jsonName: "avgLatencyMs", number: 5, kind: "double" },
    { name: "cpu_usage", jsonName: "cpuUsage", number: 6, kind: "double" },
    { name: "memory_usage", jsonName: "memoryUsage", number: 7, kind: "double" },
  ],
  oneofs: [],
};

export const StreamMetricsRequest = {
  typeName: "realtime.v1.StreamMetricsRequest",
  fields: [],
  oneofs: [],
};

export const Notification = {
  typeName: "realtime.v1.Notification",
  fields: [
    { name: "id", jsonName: "id", number: 1, kind: "string" },
    { name: "type", jsonName: "type", number: 2, kind: "string" },
    { name: "title", jsonName: "title", number: 3, kind: "string" },
    { name: "body", jsonName: "body", number: 4, kind: "string" },
    { name: "read", jsonName: "read", number: 5, kind: "bool" },
    { name: "created_at", jsonName: "createdAt", number: 6, kind: "timestamp" },
  ],
  oneofs: [],
};

export const StreamNotificationsRequest = {
  typeName: "realtime.v1.StreamNotificationsRequest",
  fields: [
    { name: "user_id", jsonName: "userId", number: 1, kind: "string" },
    { name: "cursor", jsonName: "cursor", number: 2, kind: "string" },
    { name: "from_oldest", jsonName: "fromOldest", number: 3, kind: "bool" },
  ],
  oneofs: [],
};

export const CreateNotificationRequest = {
  typeName: "realtime.v1.CreateNotificationRequest",
  fields: [
    { name: "user_id", jsonName: "userId", number: 1, kind: "string" },
    { name: "type", jsonName: "type", number: 2, kind: "string" },
    { name: "title", jsonName: "title", number: 3, kind: "string" },
    { name: "body", jsonName: "body", number: 4, kind: "string" },
  ],
  oneofs: [],
};

export const MarkReadRequest = {
  typeName: "realtime.v1.MarkReadRequest",
  fields: [
    { name: "id", jsonName: "id", number: 1, kind: "string" },
    { name: "user_id", jsonName: "userId", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const PriceUpdate = {
  typeName: "realtime.v1.PriceUpdate",
  fields: [
    { name: "symbol", jsonName: "symbol", number: 1, kind: "string" },
    { name: "price", jsonName: "price", number: 2, kind: "double" },
    { name: "change", jsonName: "change", number: 3, kind: "double" },
    { name: "timestamp", jsonName: "timestamp", number: 4, kind: "timestamp" },
  ],
  oneofs: [],
};

export const StreamPricesRequest = {
  typeName: "realtime.v1.StreamPricesRequest",
  fields: [
    { name: "symbols", jsonName: "symbols", number: 1, kind: "string", list: true },
  ],
  oneofs: [],
};

export const PublishPriceRequest = {
  typeName: "realtime.v1.PublishPriceRequest",
  fields: [
    { name: "symbol", jsonName: "symbol", number: 1, kind: "string" },
    { name: "price", jsonName: "price", number: 2, kind: "double" },
  ],
  oneofs: [],
};

export const ProgressUpdate = {
  typeName: "realtime.v1.ProgressUpdate",
  fields: [
    { name: "task_id", jsonName: "taskId", number: 1, kind: "string" },
    { name: "status", jsonName: "status", number: 2, kind: "string" },
    { name: "progress", jsonName: "progress", number: 3, kind: "double" },
    { name: "message", jsonName: "message", number: 4, kind: "string" },
    { name: "error", jsonName: "error", number: 5, kind: "string" },
  ],
  oneofs: [],
};

export const StreamProgressRequest = {
  typeName: "realtime.v1.StreamProgressRequest",
  fields: [
    { name: "task_id", jsonName: "taskId", number: 1, kind: "string" },
    { name: "cursor", jsonName: "cursor", number: 2, kind: "string" },
    { name: "from_oldest", jsonName: "fromOldest", number: 3, kind: "bool" },
  ],
  oneofs: [],
};

export const CreateTaskRequest = {
  typeName: "realtime.v1.CreateTaskRequest",
  fields: [
    { name: "task_id", jsonName: "taskId", number: 1, kind: "string" },
    { name: "message", jsonName: "message", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const UpdateTaskRequest = {
  typeName: "realtime.v1.UpdateTaskRequest",
  fields: [
    { name: "task_id", jsonName: "taskId", number: 1, kind: "string" },
    { name: "status", jsonName: "status", number: 2, kind: "string" },
    { name: "progress", jsonName: "progress", number: 3, kind: "double" },
    { name: "message", jsonName: "message", number: 4, kind: "string" },
    { name: "error", jsonName: "error", number: 5, kind: "string" },
  ],
  oneofs: [],
};
