// Generated; do not edit.
import { clientOf } from './runtime/index.js';
import { callOf, streamOf } from './runtime/methods.js';

export { BridgeError, Code, EventStream, eventSource, retry } from './runtime/index.js';

const ofChannelsClient = {
  StreamChannel: {
    name: "realtime.v1.Channels/StreamChannel",
    routes: [
      { verb: "GET", path: ["/channels/", { field: ["channel"] }, "/stream"], body: "" },
    ],
    keepAliveMs: 30000,
    bundleEvent: "channel",
  },
  SendMessage: {
    name: "realtime.v1.Channels/SendMessage",
    routes: [
      { verb: "POST", path: ["/channels/", { field: ["channel"] }, "/messages"], body: "*" },
    ],
  },
  SendTyping: {
    name: "realtime.v1.Channels/SendTyping",
    routes: [
      { verb: "POST", path: ["/channels/", { field: ["channel"] }, "/typing"], body: "" },
    ],
  },
  ListMessages: {
    name: "realtime.v1.Channels/ListMessages",
    routes: [
      { verb: "GET", path: ["/channels/", { field: ["channel"] }, "/messages"], body: "" },
    ],
  },
  ListMembers: {
    name: "realtime.v1.Channels/ListMembers",
    routes: [
      { verb: "GET", path: ["/channels/", { field: ["channel"] }, "/members"], body: "" },
    ],
  },
  Invite: {
    name: "realtime.v1.Channels/Invite",
    routes: [
      { verb: "POST", path: ["/channels/", { field: ["channel"] }, "/members"], body: "*" },
    ],
  },
  Remove: {
    name: "realtime.v1.Channels/Remove",
    routes: [
      { verb: "DELETE", path: ["/channels/", { field: ["channel"] }, "/members/", { field: ["member"] }], body: "" },
    ],
  },
};

export class ChannelsClient {
  constructor(transport) {
    this.stream = streamOf(transport, ofChannelsClient["StreamChannel"]);
    this.sendMessage = callOf(transport, ofChannelsClient["SendMessage"]);
    this.sendTyping = callOf(transport, ofChannelsClient["SendTyping"]);
    this.listMessages = callOf(transport, ofChannelsClient["ListMessages"]);
    this.listMembers = callOf(transport, ofChannelsClient["ListMembers"]);
    this.invite = callOf(transport, ofChannelsClient["Invite"]);
    this.remove = callOf(transport, ofChannelsClient["Remove"]);
  }
}

const ofMetricsClient = {
  StreamMetrics: {
    name: "realtime.v1.Metrics/StreamMetrics",
    routes: [
      { verb: "GET", path: ["/admin/metrics/stream"], body: "" },
    ],
    keepAliveMs: 15000,
    bundleEvent: "metrics",
  },
};

export class MetricsClient {
  constructor(transport) {
    this.stream = streamOf(transport, ofMetricsClient["StreamMetrics"]);
  }
}

const ofNotificationsClient = {
  StreamNotifications: {
    name: "realtime.v1.Notifications/StreamNotifications",
    routes: [
      { verb: "GET", path: ["/notifications/stream"], body: "" },
    ],
    keepAliveMs: 15000,
    bundleEvent: "notification",
  },
  CreateNotification: {
    name: "realtime.v1.Notifications/CreateNotification",
    routes: [
      { verb: "POST", path: ["/notifications"], body: "*" },
    ],
  },
  MarkRead: {
    name: "realtime.v1.Notifications/MarkRead",
    routes: [
      { verb: "POST", path: ["/notifications/", { field: ["id"] }, "/read"], body: "" },
    ],
  },
};

export class NotificationsClient {
  constructor(transport) {
    this.stream = streamOf(transport, ofNotificationsClient["StreamNotifications"]);
    this.create = callOf(transport, ofNotificationsClient["CreateNotification"]);
    this.markRead = callOf(transport, ofNotificationsClient["MarkRead"]);
  }
}

const ofPricesClient = {
  StreamPrices: {
    name: "realtime.v1.Prices/StreamPrices",
    routes: [
      { verb: "POST", path: ["/prices/stream"], body: "*" },
      { verb: "GET", path: ["/prices/stream"], body: "" },
    ],
    keepAliveMs: 30000,
    bundleEvent: "price",
  },
  PublishPrice: {
    name: "realtime.v1.Prices/PublishPrice",
    routes: [
      { verb: "POST", path: ["/prices"], body: "*" },
    ],
  },
};

export class PricesClient {
  constructor(transport) {
    this.stream = streamOf(transport, ofPricesClient["StreamPrices"]);
    this.publish = callOf(transport, ofPricesClient["PublishPrice"]);
  }
}

const ofTasksClient = {
  StreamProgress: {
    name: "realtime.v1.Tasks/StreamProgress",
    routes: [
      { verb: "GET", path: ["/tasks/", { field: ["task_id"] }, "/progress"], body: "" },
    ],
    keepAliveMs: 15000,
    bundleEvent: "progress",
  },
  CreateTask: {
    name: "realtime.v1.Tasks/CreateTask",
    routes: [
      { verb: "POST", path: ["/tasks"], body: "*" },
    ],
  },
  UpdateTask: {
    name: "realtime.v1.Tasks/UpdateTask",
    routes: [
      { verb: "PATCH", path: ["/tasks/", { field: ["task_id"] }], body: "*" },
      { verb: "POST", path: ["/tasks/", { field: ["task_id"] }], body: "*" },
    ],
  },
};

export class TasksClient {
  constructor(transport) {
    this.streamProgress = streamOf(transport, ofTasksClient["StreamProgress"]);
    this.create = callOf(transport, ofTasksClient["CreateTask"]);
    this.update = callOf(transport, ofTasksClient["UpdateTask"]);
  }
}

class Services {
  constructor(transport) {
    this.channels = new ChannelsClient(transport);
    this.metrics = new MetricsClient(transport);
    this.notifications = new NotificationsClient(transport);
    this.prices = new PricesClient(transport);
    this.tasks = new TasksClient(transport);
  }
}

export const Client = clientOf(Services);

export function createClient(options) {
  return new Client(options);
}
