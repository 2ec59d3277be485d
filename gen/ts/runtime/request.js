// Converts a request message to an HTTP request, using the routes of its method
// (google.api.http). A route is
//   { verb, path: ['/tasks/', { field: ['task_id'] }, '/progress'], body }
// where body is '*', '', the name of a field or, if it is nested, its path. If
// rawBody is set, the body is a google.api.HttpBody, sent as its bytes. maps
// names the maps that a query can set.

/** A field, which may have the name of what every object inherits. */
function own(message, name) {
  const has = message !== null && typeof message === 'object' && Object.hasOwn(message, name);
  return has ? message[name] : undefined;
}

function valueAt(message, path) {
  let value = message;
  for (const name of path) value = own(value, name);
  return value;
}

/** Returns a copy without the field; the original is not changed. */
function without(message, path) {
  if (own(message, path[0]) === undefined) return message;
  const { [path[0]]: child, ...rest } = message;
  if (path.length === 1) return rest;
  const left = without(child, path.slice(1));
  return Object.keys(left).length === 0 ? rest : { ...rest, [path[0]]: left };
}

function isSet(value) {
  return value !== undefined && value !== null && value !== '';
}

function base64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** ProtoJSON represents values that JSON lacks as strings. */
function toProtoJson(key, value) {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) return base64(value);
  return value;
}

function text(value) {
  if (value instanceof Date) return value.toISOString();
  return String(toProtoJson('', value));
}

function pathText(part, message, method) {
  const value = valueAt(message, part.field);
  const name = part.field.join('.');
  if (!isSet(value)) throw new TypeError(`${method.name}: the field ${name} is missing`);
  const segments = part.multi ? text(value).split('/') : [text(value)];
  // A URL cannot contain these segments: even encoded, they change the path.
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new TypeError(`${method.name}: ${JSON.stringify(text(value))} cannot be in a path (${name})`);
  }
  return segments.map(encodeURIComponent).join('/');
}

function addToQuery(prefix, value, method, query, maps) {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && !(item instanceof Date) && !(item instanceof Uint8Array)) {
        throw new TypeError(`${method.name}: ${prefix} cannot be in a query`);
      }
      query.append(prefix, text(item));
    }
  } else if (typeof value === 'object' && !(value instanceof Date) && !(value instanceof Uint8Array)) {
    for (const [name, inner] of Object.entries(value)) {
      const path = prefix === '' ? name : maps.includes(prefix) ? `${prefix}[${name}]` : `${prefix}.${name}`;
      addToQuery(path, inner, method, query, maps);
    }
  } else {
    query.append(prefix, text(value));
  }
}

function jsonBody(body) {
  if (body === undefined) return {};
  return { body: JSON.stringify(body, toProtoJson), contentType: 'application/json' };
}

function rawBody(body) {
  const data = body?.data ?? '';
  const bytes =
    typeof data === 'string' ? Uint8Array.from(atob(data), (each) => each.charCodeAt(0)) : data;
  return { body: bytes, contentType: body?.contentType ?? body?.content_type ?? 'application/octet-stream' };
}

function bind(route, method, message) {
  let rest = message;
  let path = '';
  for (const part of route.path) {
    if (typeof part === 'string') {
      path += part;
    } else {
      path += pathText(part, message, method);
      rest = without(rest, part.field);
    }
  }
  const query = new URLSearchParams();
  let body;
  if (route.body === '*') {
    body = rest;
  } else if (route.body !== '') {
    const field = [route.body].flat();
    body = valueAt(rest, field);
    rest = without(rest, field);
  }
  if (route.body !== '*') addToQuery('', rest, method, query, route.maps ?? []);
  const search = query.toString();
  return {
    verb: route.verb === '*' ? 'POST' : route.verb,
    target: search === '' ? path : `${path}?${search}`,
    ...(route.rawBody ? rawBody(body) : jsonBody(body)),
  };
}

function pathIsSet(route, message) {
  return route.path.every((part) => typeof part === 'string' || isSet(valueAt(message, part.field)));
}

/** Uses the first route whose path the message can fill. */
export function makeRequest(method, message = {}) {
  const route = method.routes.find((each) => pathIsSet(each, message)) ?? method.routes[0];
  return bind(route, method, message);
}

/** Like makeRequest, for a GET without body, as EventSource and /events need. */
export function makeGetTarget(method, message = {}) {
  const routes = method.routes.filter((each) => each.verb === 'GET');
  if (routes.length === 0) throw new TypeError(`${method.name}: there is no GET route`);
  const route = routes.find((each) => pathIsSet(each, message)) ?? routes[0];
  return bind(route, method, message).target;
}
