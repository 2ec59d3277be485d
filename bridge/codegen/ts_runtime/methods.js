// Methods of the generated services as functions that know what they call, so
// that `client.prices.stream` can be handed to a hook or a query.

function withMethod(call, method) {
  call.method = method;
  return call;
}

export function streamOf(transport, method) {
  return withMethod((request, options) => transport.stream(method, request, options), method);
}

export function callOf(transport, method) {
  return withMethod((request, options) => transport.unary(method, request, options), method);
}

/** Returns what a function of a client calls; throws for other functions. */
export function methodOf(call, user) {
  if (typeof call?.method?.name === 'string') return call.method;
  throw new TypeError(`${user} takes a method of the client, such as client.prices.stream`);
}

/** JSON whose members are sorted, for values that a request may have. */
function plain(key, value) {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return [...value];
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, value[name]]),
  );
}

/** Returns the same text for equal requests. */
export function requestKey(request) {
  return JSON.stringify(request ?? {}, plain);
}
