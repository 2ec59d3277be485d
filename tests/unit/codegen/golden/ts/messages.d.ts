// Messages as they look in JSON. Generated; do not edit.

import type * as $rt from './runtime/index.js';
import type * as $v from './runtime/values.js';

export type State =
  | "STATE_UNSPECIFIED"
  | "OPEN"
  | "SHIPPED";
export declare const State: {
  readonly STATE_UNSPECIFIED: "STATE_UNSPECIFIED";
  readonly OPEN: "OPEN";
  readonly STARTED: "OPEN";
  readonly SHIPPED: "SHIPPED";
};
/** The numbers of `State`. */
export declare const StateNumber: {
  readonly STATE_UNSPECIFIED: 0;
  readonly OPEN: 1;
  readonly STARTED: 1;
  readonly SHIPPED: 2;
};

/** An order. */
export type Order = {
  /** Its number; "*\/" ends no comment. */
  number?: string;
  state?: State | number;
  items?: Item[];
  byName?: { [key: string]: Item };
  delays?: { [key: string]: string };
  rating?: 1 | 2 | 3;
  note?: string;
  extra?: ({ "@type": "type.googleapis.com/acme.shop.v1.Order.Invoice" } & Order_Invoice) | { "@type": "type.googleapis.com/google.protobuf.Duration"; value: string };
  unknown?: $rt.Any;
  attributes?: $rt.Struct;
  anything?: $rt.Value;
  mask?: string;
  discount?: number;
  weight?: $rt.Double;
  signature?: string;
  /** @deprecated */
  gift?: boolean;
  /** trailing words */
  replaces?: Order;
} & $v.AtMostOneOf<{
  /** At most one of `payment` is set. */
  cardNumber: string;
  /** At most one of `payment` is set. */
  invoice: Order_Invoice;
}>;

export interface Item {
  name?: string;
  /** No name is taken from JavaScript. */
  "con-structor"?: "1" | "9007199254740993";
}

export interface Order_Invoice {
  vatId?: string;
  nothing?: null;
}

export interface OrderEvent {
  order?: Order;
  number?: string;
  kind?: State | number;
}

export interface WatchOrdersRequest {
  shop?: Shop;
  after?: $rt.LongInput;
  /**
   * Rules:
   * - must contain no more than 2 item(s)
   * - must contain unique items
   * - each value: must not be in list [STATE_UNSPECIFIED]
   */
  states?: State[];
  since?: $rt.TimestampInput;
}

export interface Shop {
  name?: string;
  /**
   * Rules:
   * - must be at most 20 bytes
   * - must match regex pattern `^[+0-9 ]*$`
   * - must have prefix `+`
   */
  phone: string;
}

export interface UpdateOrderRequest {
  order: OrderInput;
  force?: boolean;
}

/** An order. */
export type OrderInput = {
  /**
   * Its number; "*\/" ends no comment.
   *
   * Rules:
   * - must be greater than 0
   */
  number: $rt.LongInput;
  state?: State;
  /**
   * Rules:
   * - must contain at least 1 item(s)
   */
  items: ItemInput[];
  byName?: { [key: string]: ItemInput };
  /**
   * Rules:
   * - must have at most 9 entries
   */
  delays?: { [key: string]: string };
  rating?: 1 | 2 | 3;
  note?: string;
  extra?: ({ "@type": "type.googleapis.com/acme.shop.v1.Order.Invoice" } & Order_InvoiceInput) | { "@type": "type.googleapis.com/google.protobuf.Duration"; value: string };
  unknown?: $rt.Any;
  attributes?: $rt.Struct;
  anything?: $rt.Value;
  mask?: string;
  /**
   * Rules:
   * - must be greater than or equal to 0 and less than 1
   */
  discount?: number;
  weight?: number;
  /**
   * Rules:
   * - must be 64 bytes
   */
  signature: $rt.BytesInput;
  /** @deprecated */
  gift?: boolean;
  /** trailing words */
  replaces?: OrderInput;
} & $v.AtMostOneOf<{
  /** At most one of `payment` is set. */
  cardNumber: string;
  /** At most one of `payment` is set. */
  invoice: Order_InvoiceInput;
}>;

export interface ItemInput {
  /**
   * Rules:
   * - must be at least 1 characters
   * - must not be in list [none]
   */
  name: string;
  /** No name is taken from JavaScript. */
  "con-structor": "1" | "9007199254740993";
}

export interface Order_InvoiceInput {
  vatId: string;
  nothing?: null;
}

export interface GetOrderRequest {
  number: $rt.LongInput;
  view?: GetOrderRequest_View;
}

export interface GetOrderRequest_View {
  full?: boolean;
  inner?: GetOrderRequest_View;
}

export interface HttpBody {
  contentType?: string;
  data?: string;
  extensions?: $rt.Any[];
}

/**
 * A generic empty message that you can re-use to avoid defining duplicated
 * empty messages in your APIs. A typical example is to use it as the request
 * or the response type of an API method. For instance:
 *
 *     service Foo {
 *       rpc Bar(google.protobuf.Empty) returns (google.protobuf.Empty);
 *     }
 */
export interface EmptyInput {}

export interface GetPictureRequest {
  path: string;
}

/**
 * A generic empty message that you can re-use to avoid defining duplicated
 * empty messages in your APIs. A typical example is to use it as the request
 * or the response type of an API method. For instance:
 *
 *     service Foo {
 *       rpc Bar(google.protobuf.Empty) returns (google.protobuf.Empty);
 *     }
 */
export interface Empty {}

/** An order. */
export type Order_2 = {
  /** Its number; "*\/" ends no comment. */
  number: string;
  state: number;
  items: Item_2[];
  by_name: { [key: string]: Item_2 };
  delays: { [key: string]: string };
  rating?: 1 | 2 | 3;
  note?: string;
  extra?: ({ "@type": "type.googleapis.com/acme.shop.v1.Order.Invoice" } & Order_Invoice_2) | { "@type": "type.googleapis.com/google.protobuf.Duration"; value: string };
  unknown?: $rt.Any;
  attributes?: $rt.Struct;
  anything?: $rt.Value;
  mask?: string;
  discount: number;
  weight: $rt.Double;
  signature: string;
  /** @deprecated */
  gift: boolean;
  /** trailing words */
  replaces?: Order_2;
} & $v.AtMostOneOf<{
  /** At most one of `payment` is set. */
  card_number: string;
  /** At most one of `payment` is set. */
  invoice: Order_Invoice_2;
}>;

export interface Item_2 {
  name: string;
  /** No name is taken from JavaScript. */
  constructor: "1" | "9007199254740993";
}

export interface Order_Invoice_2 {
  vat_id: string;
  nothing: null;
}

/**
 * A generic empty message that you can re-use to avoid defining duplicated
 * empty messages in your APIs. A typical example is to use it as the request
 * or the response type of an API method. For instance:
 *
 *     service Foo {
 *       rpc Bar(google.protobuf.Empty) returns (google.protobuf.Empty);
 *     }
 */
export interface EmptyInput_2 {}

/** Describes `acme.shop.v1.Order`. */
export declare const Order: $v.MessageType<Order | Order_2, { number: "int64"; items: [typeof Item]; byName: { map: typeof Item }; by_name: { map: typeof Item }; delays: { map: "duration" }; invoice: typeof Order_Invoice; replaces: typeof Order }, { payment: "cardNumber" | "card_number" | "invoice" }>;

/** Describes `acme.shop.v1.Item`. */
export declare const Item: $v.MessageType<Item | Item_2, { "con-structor": "int64"; constructor: "int64" }, {}>;

/** Describes `acme.shop.v1.Order.Invoice`. */
export declare const Order_Invoice: $v.MessageType<Order_Invoice | Order_Invoice_2, {}, {}>;

/** Describes `acme.shop.v1.OrderEvent`. */
export declare const OrderEvent: $v.MessageType<OrderEvent, { order: typeof Order; number: "int64" }, {}>;

/** Describes `acme.shop.v1.WatchOrdersRequest`. */
export declare const WatchOrdersRequest: $v.MessageType<WatchOrdersRequest, { shop: typeof Shop; after: "int64"; since: "timestamp" }, {}>;

/** Describes `acme.shop.v1.Shop`. */
export declare const Shop: $v.MessageType<Shop, {}, {}>;

/** Describes `acme.shop.v1.UpdateOrderRequest`. */
export declare const UpdateOrderRequest: $v.MessageType<UpdateOrderRequest, { order: typeof Order }, {}>;

/** Describes `acme.shop.v1.GetOrderRequest`. */
export declare const GetOrderRequest: $v.MessageType<GetOrderRequest, { number: "int64"; view: typeof GetOrderRequest_View }, {}>;

/** Describes `acme.shop.v1.GetOrderRequest.View`. */
export declare const GetOrderRequest_View: $v.MessageType<GetOrderRequest_View, { inner: typeof GetOrderRequest_View }, {}>;

/** Describes `google.api.HttpBody`. */
export declare const HttpBody: $v.MessageType<HttpBody, {}, {}>;

/** Describes `google.protobuf.Empty`. */
export declare const Empty: $v.MessageType<Empty, {}, {}>;

/** Describes `acme.shop.v1.GetPictureRequest`. */
export declare const GetPictureRequest: $v.MessageType<GetPictureRequest, {}, {}>;
