// Converts the values of a form to an HTTP request by the rules of
// google.api.HttpRule: the path carries its variables, the body the route's body
// field, and the query everything else.

// Splits a path template into literal text and variables with their patterns.
// Assigns names to unnamed wildcards.
export function parseTemplate(template) {
  const parts = [];
  let wildcards = 0;
  const pattern = /\{([^}=]+)(?:=([^}]*))?\}|(\*\*?)/g;
  let at = 0;
  for (const found of template.matchAll(pattern)) {
    parts.push(template.slice(at, found.index));
    at = found.index + found[0].length;
    parts.push(found[3] !== undefined ?
      {wildcard: `* (${++wildcards})`, pattern: found[3]} :
      {field: found[1], pattern: found[2] ?? '*'});
  }
  parts.push(template.slice(at));
  return parts;
}

const atPath = (value, path) => path.split('.').reduce((v, name) => v?.[name], value);

function without(value, path) {
  const [first, ...rest] = path.split('.');
  if (value?.[first] === undefined) return value;
  const copy = {...value};
  if (rest.length === 0) {
    delete copy[first];
  } else {
    copy[first] = without(copy[first], rest.join('.'));
    if (Object.keys(copy[first]).length === 0) delete copy[first];
  }
  return copy;
}

function toQuery(value, prefix, isMap, out = []) {
  for (const [name, each] of Object.entries(value)) {
    const path = prefix === '' ? name : isMap(prefix) ? `${prefix}[${name}]` : `${prefix}.${name}`;
    if (Array.isArray(each)) {
      for (const item of each) out.push([path, String(item)]);
    } else if (typeof each === 'object') {
      toQuery(each, path, isMap, out);
    } else {
      out.push([path, String(each)]);
    }
  }
  return out;
}

// Whether a text has the form of a pattern such as "sites/*/telescopes/*".
function matches(pattern, text) {
  const source = pattern.split(/(\*\*?)/).map((part) =>
    ({'*': '[^/]+', '**': '.*'}[part] ?? part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))).join('');
  return new RegExp(`^${source}$`).test(text);
}

const encodeSegments = (text) => text.split('/').map(encodeURIComponent).join('/');

// The bytes of a google.api.HttpBody, and their type.
function rawBody(body, problems) {
  const contentType = body?.content_type || 'application/octet-stream';
  try {
    return {body: Uint8Array.from(atob(body?.data ?? ''), (each) => each.charCodeAt(0)), contentType};
  } catch {
    problems.push({field: 'data', description: 'is not base64'});
    return {body: undefined, contentType};
  }
}

function jsonBody(body) {
  return body === undefined ? {} : {body: JSON.stringify(body), contentType: 'application/json'};
}

// Returns {verb, url, body, contentType} for the values, and in `problems` {field,
// description} of path variables that are missing or have another form. `wildcards` has the values of unnamed
// wildcards. `isMap` tells whether the field at a path is a map.
export function makeRequest(route, values, wildcards = {}, isMap = () => false) {
  const problems = [];
  let rest = values;
  let url = '';
  for (const part of parseTemplate(route.path)) {
    if (typeof part === 'string') {
      url += part;
      continue;
    }
    const value = part.field ? atPath(values, part.field) : wildcards[part.wildcard];
    const text = value === undefined ? '' : String(value);
    if (text === '' && part.pattern !== '**') {
      problems.push({field: part.field ?? part.wildcard, description: 'is required by the path'});
    } else if (part.pattern !== '*' && !matches(part.pattern, text)) {
      problems.push({field: part.field ?? part.wildcard, description: `must have the form ${part.pattern}`});
    }
    url += part.pattern === '*' ? encodeURIComponent(text) : encodeSegments(text);
    if (part.field) rest = without(rest, part.field);
  }
  let body;
  if (route.body === '*') {
    body = rest;
    rest = {};
  } else if (route.body) {
    body = atPath(rest, route.body);
    rest = without(rest, route.body);
  }
  const query = toQuery(rest, '', isMap)
    .map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`).join('&');
  const verb = route.verb === '*' ? (route.body ? 'POST' : 'GET') : route.verb;
  return {
    verb,
    url: query === '' ? url : `${url}?${query}`,
    ...(route.raw_body ? rawBody(body, problems) : jsonBody(body)),
    problems,
  };
}
