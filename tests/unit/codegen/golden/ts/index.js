// Generated; do not edit.
import { clientOf } from './runtime/index.js';

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
  #transport;

  constructor(transport) {
    this.#transport = transport;
  }

  watchOrders(request, options) {
    return this.#transport.stream(ofShopClient["WatchOrders"], request, options);
  }

  updateOrder(request, options) {
    return this.#transport.unary(ofShopClient["UpdateOrder"], request, options);
  }

  getOrder(request, options) {
    return this.#transport.unary(ofShopClient["GetOrder"], request, options);
  }

  exportOrders(request, options) {
    return this.#transport.stream(ofShopClient["ExportOrders"], request, options);
  }

  getPicture(request, options) {
    return this.#transport.unary(ofShopClient["GetPicture"], request, options);
  }

  close(request, options) {
    return this.#transport.unary(ofShopClient["Close"], request, options);
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
  #transport;

  constructor(transport) {
    this.#transport = transport;
  }

  tail(request, options) {
    return this.#transport.stream(ofAuditClient["Tail"], request, options);
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
