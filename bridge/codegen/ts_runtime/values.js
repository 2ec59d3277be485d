// Conversions of what JSON cannot express: 64-bit integers, timestamps,
// durations and bytes. Only on request: messages stay as they arrive.

const LONGS = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;
const DURATION = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/;

/** "9007199254740993" -> 9007199254740993n */
export function toBigInt(value) {
  return BigInt(value);
}

/** RFC 3339 -> Date. What is finer than a millisecond is cut off. */
export function toDate(text) {
  const parts = TIMESTAMP.exec(text);
  const date = parts && new Date(parts[1] + (parts[2] ?? '').slice(0, 4) + parts[3]);
  if (!parts || Number.isNaN(date.getTime())) {
    throw new RangeError(`no timestamp: ${JSON.stringify(text)}`);
  }
  return date;
}

function temporal() {
  if (globalThis.Temporal === undefined) {
    throw new TypeError('this environment has no Temporal: use Date, or load a polyfill before');
  }
  return globalThis.Temporal;
}

/** RFC 3339 -> Temporal.Instant, exact to the nanosecond. */
export function toInstant(text) {
  return temporal().Instant.from(text);
}

function durationParts(text) {
  const parts = DURATION.exec(text);
  if (!parts) throw new RangeError(`no duration: ${JSON.stringify(text)}`);
  const sign = parts[1] === '-' ? -1 : 1;
  return { sign, seconds: Number(parts[2]), nanos: Number((parts[3] ?? '').padEnd(9, '0')) };
}

/** "1.5s" -> 1500 */
export function toMilliseconds(text) {
  const { sign, seconds, nanos } = durationParts(text);
  return sign * (seconds * 1000 + nanos / 1e6) || 0;
}

/** "1.5s" -> Temporal.Duration, exact to the nanosecond. */
export function toDuration(text) {
  const { sign, seconds, nanos } = durationParts(text);
  return temporal().Duration.from({
    seconds: sign * seconds || 0,
    milliseconds: sign * Math.floor(nanos / 1e6) || 0,
    microseconds: sign * (Math.floor(nanos / 1e3) % 1000) || 0,
    nanoseconds: sign * (nanos % 1000) || 0,
  });
}

/** Milliseconds or Temporal.Duration -> "1.5s", for requests. */
export function fromDuration(duration) {
  let nanos;
  if (typeof duration === 'number') {
    if (!Number.isFinite(duration)) throw new RangeError(`no duration: ${duration}`);
    const whole = Math.trunc(duration);
    nanos = BigInt(whole) * 1000000n + BigInt(Math.round((duration - whole) * 1e6));
  } else {
    // Days have 24 hours here; what is longer has no fixed length.
    const { years, months, weeks, days, hours, minutes, seconds } = duration;
    if (years || months || weeks) throw new RangeError('years, months and weeks have no fixed length');
    const total = BigInt(days) * 86400n + BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
    nanos =
      total * 1000000000n +
      BigInt(duration.milliseconds) * 1000000n +
      BigInt(duration.microseconds) * 1000n +
      BigInt(duration.nanoseconds);
  }
  const sign = nanos < 0n ? '-' : '';
  if (nanos < 0n) nanos = -nanos;
  const fraction = (nanos % 1000000000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${nanos / 1000000000n}${fraction && `.${fraction}`}s`;
}

/** Base64 (also its URL form) -> bytes. */
export function toBytes(text) {
  const plain = text.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(plain), (each) => each.charCodeAt(0));
}

function converterOf(kind, to) {
  if (LONGS.has(kind)) return to.int64 === 'bigint' ? toBigInt : undefined;
  if (kind === 'timestamp') {
    if (to.timestamp === 'Date') return toDate;
    return to.timestamp === 'Temporal' ? toInstant : undefined;
  }
  if (kind === 'duration') {
    if (to.duration === 'ms') return toMilliseconds;
    return to.duration === 'Temporal' ? toDuration : undefined;
  }
  return undefined;
}

const fieldsOf = new WeakMap(); // descriptor -> its fields by both names

function fieldOf(type, key) {
  let fields = fieldsOf.get(type);
  if (fields === undefined) {
    fields = new Map(type.fields.flatMap((each) => [[each.name, each], [each.jsonName, each]]));
    fieldsOf.set(type, fields);
  }
  return fields.get(key);
}

const KINDS = { int64: ['bigint'], timestamp: ['Date', 'Temporal'], duration: ['ms', 'Temporal'] };

function check(to) {
  for (const [kind, form] of Object.entries(to)) {
    if (form !== undefined && !KINDS[kind]?.includes(form)) {
      throw new TypeError(`cannot convert ${kind} to ${JSON.stringify(form)}`);
    }
  }
}

function members(value, convertOne) {
  // Own members, also one named __proto__.
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convertOne(each, key)]));
}

function converted(type, message, to) {
  return members(message, (value, key) => {
    const field = fieldOf(type, key);
    if (field === undefined || value === null || value === undefined) return value;
    const one =
      field.kind === 'message' ? (each) => converted(field.type(), each, to) : converterOf(field.kind, to);
    if (one === undefined) return value;
    if (field.list) return value.map((each) => one(each));
    return field.map ? members(value, (each) => one(each)) : one(value);
  });
}

/**
 * Returns a copy of a message with its 64-bit integers, timestamps and durations
 * converted, at any depth; those in an Any are not, since its type is open.
 */
export function convert(type, message, to) {
  check(to);
  return converted(type, message, to);
}

/** Returns which member of a oneof is set, and its value. */
export function whichOneof(type, message, name) {
  const oneof = type.oneofs.find((each) => each.name === name);
  if (oneof === undefined) throw new TypeError(`${type.typeName} has no oneof ${name}`);
  const members = new Set(oneof.fields);
  const set = Object.keys(message).find(
    (key) => message[key] !== undefined && members.has(fieldOf(type, key)?.name),
  );
  return set === undefined ? { case: undefined } : { case: set, value: message[set] };
}
