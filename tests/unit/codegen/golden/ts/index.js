// Generated; do not edit.
import { clientOf } from './runtime/index.js';
import { callOf, streamOf } from './runtime/methods.js';

export { BridgeError, Code, EventStream, eventSource, retry } from './runtime/index.js';

const ofShopClient = {
  WatchOrders: {
    name: "acme.shop.v1.ShopService/WatchOrders",
    routes: [
      { verb: "GET", path: ["/v1/", { field: ["shop", "name"], multi: true }, "/orders:watch"], body: "" },
      { verb: "*", path: ["/v1/orders:watch"], body: "shop" },
    ],
    keepAliveMs: 20000,
    bundleEvent: "WatchOrders",
  },
  UpdateOrder: {
    name: "acme.shop.v1.ShopService/UpdateOrder",
    routes: [
      { verb: "PATCH", path: ["/v1/orders/", { field: ["order", "number"] }], body: "order" },
    ],
  },
  GetOrder: {
    name: "acme.shop.v1.ShopService/GetOrder",
    routes: [
      { verb: "GET", path: ["/v1/orders/", { field: ["number"] }], body: "" },
    ],
  },
  ExportOrders: {
    name: "acme.shop.v1.ShopService/ExportOrders",
    routes: [
      { verb: "GET", path: ["/v1/orders:export"], body: "" },
    ],
    keepAliveMs: 15000,
    bundleEvent: "ExportOrders",
  },
  GetPicture: {
    name: "acme.shop.v1.ShopService/GetPicture",
    routes: [
      { verb: "GET", path: ["/v1/pictures/", { field: ["path"], multi: true }], body: "" },
    ],
    raw: true,
  },
  Close: {
    name: "acme.shop.v1.ShopService/Close",
    routes: [
      { verb: "DELETE", path: ["/v1/shop"], body: "" },
    ],
  },
};

export class ShopClient {
  constructor(transport) {
    this.watchOrders = streamOf(transport, ofShopClient["WatchOrders"]);
    this.updateOrder = callOf(transport, ofShopClient["UpdateOrder"]);
    this.getOrder = callOf(transport, ofShopClient["GetOrder"]);
    this.exportOrders = streamOf(transport, ofShopClient["ExportOrders"]);
    this.getPicture = callOf(transport, ofShopClient["GetPicture"]);
    this.close = callOf(transport, ofShopClient["Close"]);
  }
}

const ofAuditClient = {
  Tail: {
    name: "acme.shop.v1.Audit/Tail",
    routes: [
      { verb: "GET", path: ["/v1/audit"], body: "" },
    ],
    keepAliveMs: 15000,
    bundleEvent: "audit",
  },
};

export class AuditClient {
  constructor(transport) {
    this.tail = streamOf(transport, ofAuditClient["Tail"]);
  }
}

class Services {
  constructor(transport) {
    this.shop = new ShopClient(transport);
    this.audit = new AuditClient(transport);
  }
}

export const Client = clientOf(Services);

export function createClient(options) {
  return new Client(options);
}
