// Values of enums and descriptors of messages. Generated; do not edit.

export const State = {
  STATE_UNSPECIFIED: "STATE_UNSPECIFIED",
  OPEN: "OPEN",
  STARTED: "OPEN",
  SHIPPED: "SHIPPED",
};

export const StateNumber = {
  STATE_UNSPECIFIED: 0,
  OPEN: 1,
  STARTED: 1,
  SHIPPED: 2,
};

export const Order = {
  typeName: "acme.shop.v1.Order",
  fields: [
    { name: "number", jsonName: "number", number: 1, kind: "uint64" },
    { name: "state", jsonName: "state", number: 2, kind: "enum", type: () => State },
    { name: "items", jsonName: "items", number: 3, kind: "message", type: () => Item, list: true },
    { name: "by_name", jsonName: "byName", number: 4, kind: "message", type: () => Item, map: "string" },
    { name: "delays", jsonName: "delays", number: 5, kind: "duration", map: "int32" },
    { name: "card_number", jsonName: "cardNumber", number: 6, kind: "string", oneof: "payment" },
    { name: "invoice", jsonName: "invoice", number: 7, kind: "message", type: () => Order_Invoice, oneof: "payment" },
    { name: "rating", jsonName: "rating", number: 8, kind: "int32" },
    { name: "note", jsonName: "note", number: 9, kind: "string" },
    { name: "extra", jsonName: "extra", number: 10, kind: "any" },
    { name: "unknown", jsonName: "unknown", number: 11, kind: "any" },
    { name: "attributes", jsonName: "attributes", number: 12, kind: "struct" },
    { name: "anything", jsonName: "anything", number: 13, kind: "value" },
    { name: "mask", jsonName: "mask", number: 14, kind: "fieldMask" },
    { name: "discount", jsonName: "discount", number: 15, kind: "double" },
    { name: "weight", jsonName: "weight", number: 16, kind: "float" },
    { name: "signature", jsonName: "signature", number: 17, kind: "bytes" },
    { name: "gift", jsonName: "gift", number: 18, kind: "bool", deprecated: true },
    { name: "replaces", jsonName: "replaces", number: 19, kind: "message", type: () => Order },
  ],
  oneofs: [
    { name: "payment", fields: ["card_number", "invoice"] },
  ],
};

export const Item = {
  typeName: "acme.shop.v1.Item",
  fields: [
    { name: "name", jsonName: "name", number: 1, kind: "string" },
    { name: "constructor", jsonName: "con-structor", number: 2, kind: "int64" },
  ],
  oneofs: [],
};

export const Order_Invoice = {
  typeName: "acme.shop.v1.Order.Invoice",
  fields: [
    { name: "vat_id", jsonName: "vatId", number: 1, kind: "string" },
    { name: "nothing", jsonName: "nothing", number: 2, kind: "null" },
  ],
  oneofs: [],
};

export const OrderEvent = {
  typeName: "acme.shop.v1.OrderEvent",
  fields: [
    { name: "order", jsonName: "order", number: 1, kind: "message", type: () => Order },
    { name: "number", jsonName: "number", number: 2, kind: "int64" },
    { name: "kind", jsonName: "kind", number: 3, kind: "enum", type: () => State },
  ],
  oneofs: [],
};

export const WatchOrdersRequest = {
  typeName: "acme.shop.v1.WatchOrdersRequest",
  fields: [
    { name: "shop", jsonName: "shop", number: 1, kind: "message", type: () => Shop },
    { name: "after", jsonName: "after", number: 2, kind: "int64" },
    { name: "states", jsonName: "states", number: 3, kind: "enum", type: () => State, list: true },
    { name: "since", jsonName: "since", number: 4, kind: "timestamp" },
  ],
  oneofs: [],
};

export const Shop = {
  typeName: "acme.shop.v1.Shop",
  fields: [
    { name: "name", jsonName: "name", number: 1, kind: "string" },
    { name: "phone", jsonName: "phone", number: 2, kind: "string" },
  ],
  oneofs: [],
};

export const UpdateOrderRequest = {
  typeName: "acme.shop.v1.UpdateOrderRequest",
  fields: [
    { name: "order", jsonName: "order", number: 1, kind: "message", type: () => Order },
    { name: "force", jsonName: "force", number: 2, kind: "bool" },
  ],
  oneofs: [],
};

export const GetOrderRequest = {
  typeName: "acme.shop.v1.GetOrderRequest",
  fields: [
    { name: "number", jsonName: "number", number: 1, kind: "uint64" },
    { name: "buyer", jsonName: "buyer", number: 2, kind: "string" },
    { name: "view", jsonName: "view", number: 3, kind: "message", type: () => GetOrderRequest_View },
  ],
  oneofs: [],
};

export const GetOrderRequest_View = {
  typeName: "acme.shop.v1.GetOrderRequest.View",
  fields: [
    { name: "full", jsonName: "full", number: 1, kind: "bool" },
    { name: "inner", jsonName: "inner", number: 2, kind: "message", type: () => GetOrderRequest_View },
  ],
  oneofs: [],
};

export const HttpBody = {
  typeName: "google.api.HttpBody",
  fields: [
    { name: "content_type", jsonName: "contentType", number: 1, kind: "string" },
    { name: "data", jsonName: "data", number: 2, kind: "bytes" },
    { name: "extensions", jsonName: "extensions", number: 3, kind: "any", list: true },
  ],
  oneofs: [],
};

export const Empty = {
  typeName: "google.protobuf.Empty",
  fields: [],
  oneofs: [],
};

export const GetPictureRequest = {
  typeName: "acme.shop.v1.GetPictureRequest",
  fields: [
    { name: "path", jsonName: "path", number: 1, kind: "string" },
  ],
  oneofs: [],
};
