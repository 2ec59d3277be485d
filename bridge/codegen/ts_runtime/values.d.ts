// Types of generated messages, and conversions of their values.

/** Exactly one of the members. */
export type OneOf<M> = {
  [K in keyof M]: { [P in K]: M[P] } & { [P in Exclude<keyof M, K>]?: undefined };
}[keyof M];

/** One of the members, or none. */
export type AtMostOneOf<M> = OneOf<M> | { [P in keyof M]?: undefined };

/** What an unset field of this name is: every object inherits it. */
export type Inherited<Name extends keyof Object> = Object[Name];

/** A field of a message. */
export interface FieldInfo {
  /** As in the schema: "card_number". */
  readonly name: string;
  /** Its JSON name: "cardNumber". */
  readonly jsonName: string;
  readonly number: number;
  /**
   * Of the value, or of each element: a scalar type of protobuf, "enum",
   * "message", or a well-known type ("timestamp", "duration", "any", "struct",
   * "value", "listValue", "fieldMask", "null").
   */
  readonly kind: string;
  /** Of "message" and "enum": the descriptor, or the values by name. */
  readonly type?: () => any;
  readonly list?: true;
  /** A map with keys of this type. */
  readonly map?: string;
  readonly oneof?: string;
  readonly deprecated?: true;
}

/** The descriptor of a message type; the type parameters exist only for types. */
export interface MessageType<T = any, Converts = any, Oneofs = any> {
  readonly typeName: string;
  readonly fields: readonly FieldInfo[];
  readonly oneofs: readonly { readonly name: string; readonly fields: readonly string[] }[];
  readonly $types?: { message: T; converts: Converts; oneofs: Oneofs };
}

/** Temporal's own types where the environment declares them. */
export type TemporalType<Name extends 'Instant' | 'Duration'> = typeof globalThis extends {
  Temporal: { [N in Name]: { prototype: infer T } };
}
  ? T
  : any;

/** What to convert; all else stays as it is. */
export interface Conversions {
  int64?: 'bigint';
  timestamp?: 'Date' | 'Temporal';
  duration?: 'ms' | 'Temporal';
}

type Scalar<V, Kind, O> = V extends null | undefined
  ? V
  : Kind extends 'int64'
    ? O extends { int64: 'bigint' }
      ? bigint
      : V
    : Kind extends 'timestamp'
      ? O extends { timestamp: 'Date' }
        ? Date
        : O extends { timestamp: 'Temporal' }
          ? TemporalType<'Instant'>
          : V
      : Kind extends 'duration'
        ? O extends { duration: 'ms' }
          ? number
          : O extends { duration: 'Temporal' }
            ? TemporalType<'Duration'>
            : V
        : V;
type Element<V, C, O> = C extends MessageType<any, infer Inner, any>
  ? Converted<V, Inner, O>
  : Scalar<V, C, O>;
type Field<V, C, O> = C extends readonly [infer E]
  ? V extends readonly (infer I)[]
    ? Element<I, E, O>[]
    : V
  : C extends { map: infer E }
    ? V extends { [key: string]: infer I }
      ? { [key: string]: Element<I, E, O> }
      : V
    : Element<V, C, O>;

/** A message, with the fields that `C` lists converted. */
export type Converted<V, C, O> = V extends object
  ? { [K in keyof V]: K extends keyof C ? Field<V[K], C[K], O> : V[K] }
  : V;

/** The message that a descriptor describes, in each way in which it is printed. */
export type MessageOf<M> = M extends MessageType<infer T, any, any> ? T : never;

type OneofsOf<M> = M extends MessageType<any, any, infer O> ? O : never;
type ValueOf<T, K extends PropertyKey> = T extends { [P in K]?: infer V }
  ? Exclude<V, undefined>
  : never;
type KeyOf<T> = T extends unknown ? keyof T : never;
export type OneofCase<T, K extends PropertyKey> =
  | { [P in K & KeyOf<T>]: { case: P; value: ValueOf<T, P> } }[K & KeyOf<T>]
  | { case: undefined; value?: undefined };

/**
 * Returns a copy of a message with its 64-bit integers, timestamps and durations
 * converted, at any depth; those in an Any are not, since its type is open.
 */
export declare function convert<T, C, V extends T, const O extends Conversions>(
  type: MessageType<T, C, any>,
  message: V,
  to: O,
): Converted<V, C, O>;

/** Returns which member of a oneof is set, and its value. */
export declare function whichOneof<
  M extends MessageType,
  V extends MessageOf<M>,
  N extends keyof OneofsOf<M>,
>(type: M, message: V, name: N): OneofCase<V, OneofsOf<M>[N] & PropertyKey>;

/** "9007199254740993" -> 9007199254740993n */
export declare function toBigInt(value: string | number | bigint): bigint;
/** RFC 3339 -> Date. What is finer than a millisecond is cut off. */
export declare function toDate(text: string): Date;
/** RFC 3339 -> Temporal.Instant, exact to the nanosecond. */
export declare function toInstant(text: string): TemporalType<'Instant'>;
/** "1.5s" -> 1500 */
export declare function toMilliseconds(text: string): number;
/** "1.5s" -> Temporal.Duration, exact to the nanosecond. */
export declare function toDuration(text: string): TemporalType<'Duration'>;
/** Milliseconds or Temporal.Duration -> "1.5s", for requests. */
export declare function fromDuration(duration: number | TemporalType<'Duration'>): string;
/** Base64 (also its URL form) -> bytes. */
export declare function toBytes(text: string): Uint8Array;
