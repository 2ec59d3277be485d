// The state of the explorer is in the URL's fragment, so that it survives a reload and
// can be bookmarked and shared: #METHOD?request={...}&route=1&code=fetch&filter=...
// The fragment is not sent to any server. It has no token and no request header.

// Longer requests are not kept.
const kMaxRequest = 16 * 1024;

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

// Returns {method, route, request, json (the text of the JSON view, if that is shown),
// wildcards, id, code, filter, find}.
export function readAddress() {
  const [name, ...rest] = location.hash.slice(1).split('?');
  const query = new URLSearchParams(rest.join('?'));
  let method = name;
  try {
    method = decodeURIComponent(name);
  } catch {
    // Not made by this page: no method has such a name.
  }
  return {
    method,
    route: query.get('route') ?? '',
    request: parse(query.get('request') ?? '') ?? {},
    json: query.get('json'),
    wildcards: parse(query.get('path') ?? '') ?? {},
    id: query.get('id') ?? '',
    code: query.get('code') ?? '',
    filter: query.get('filter') ?? '',
    find: query.get('find') ?? '',
  };
}

const isEmpty = (object) => Object.keys(object ?? {}).length === 0;

export function fragmentOf({method, route, request, json, wildcards, id, code, filter, find}) {
  const query = new URLSearchParams();
  const text = JSON.stringify(request ?? {});
  if (route) query.set('route', route);
  if (json !== null && json !== undefined) {
    if (json.length <= kMaxRequest) query.set('json', json);
  } else if (!isEmpty(request) && text.length <= kMaxRequest) {
    query.set('request', text);
  }
  if (!isEmpty(wildcards)) query.set('path', JSON.stringify(wildcards));
  if (id) query.set('id', id);
  if (code) query.set('code', code);
  if (filter) query.set('filter', filter);
  if (find) query.set('find', find);
  const fields = query.toString();
  return fields === '' ? `#${method}` : `#${method}?${fields}`;
}

// Replaces the fragment without a new entry in the browser's history.
export function writeAddress(state) {
  const fragment = fragmentOf(state);
  if (fragment !== location.hash) history.replaceState(null, '', fragment);
}
