// Messages as they look in JSON. Generated; do not edit.

import type * as $rt from './runtime/index.js';

export type State =
  | "STATE_UNSPECIFIED"
  | "OPEN"
  | "SHIPPED";

/** An order. */
export interface Order {
  /** Its number; "*\/" ends no comment. */
  number?: string;
  state?: State | number;
  items?: Item[];
  byName?: { [key: string]: Item };
  delays?: { [key: string]: string };
  /** At most one of `payment` is set. */
  cardNumber?: string;
  /** At most one of `payment` is set. */
  invoice?: Order_Invoice;
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
  gift?: boolean;
  /** trailing words */
  replaces?: Order;
}

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
export interface OrderInput {
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
  /** At most one of `payment` is set. */
  cardNumber?: string;
  /** At most one of `payment` is set. */
  invoice?: Order_InvoiceInput;
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
  gift?: boolean;
  /** trailing words */
  replaces?: OrderInput;
}

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
export interface Order_2 {
  /** Its number; "*\/" ends no comment. */
  number: string;
  state: number;
  items: Item_2[];
  by_name: { [key: string]: Item_2 };
  delays: { [key: string]: string };
  /** At most one of `payment` is set. */
  card_number?: string;
  /** At most one of `payment` is set. */
  invoice?: Order_Invoice_2;
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
  gift: boolean;
  /** trailing words */
  replaces?: Order_2;
}

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
