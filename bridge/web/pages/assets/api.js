// Unary calls, and errors in the bridge's format.

import {authorization, nextToken} from './token.js';

// The bridge's base path, derived from the page's path: '' or, for example,
// '/realtime' behind a proxy.
export const base = location.pathname.replace(/\/[^/]*$/, '');

export class ApiError extends Error {
  // `body` is the response's body: {"error": {...}}, or any other value.
  constructor(httpStatus, body) {
    const error = body?.error ?? {};
    super(error.message ?? `HTTP ${httpStatus}`);
    this.httpStatus = httpStatus;
    this.status = error.status ?? '';
    this.body = body;
    // google.rpc.BadRequest: [{field, description}].
    this.violations = (error.details ?? []).flatMap((detail) => detail.fieldViolations ?? []);
  }

  static async from(response) {
    const text = await response.text();
    try {
      return new ApiError(response.status, JSON.parse(text));
    } catch {
      return new ApiError(response.status, {error: {message: text || response.statusText}});
    }
  }
}

export function explain(error) {
  if (!(error instanceof ApiError)) return 'The bridge cannot be reached.';
  return error.status === '' ? error.message : `${error.message} (${error.status})`;
}

// Returns the response's JSON. Throws ApiError, or TypeError if there is no
// response.
export async function call(verb, path, body) {
  const response = await fetch(base + path, {
    method: verb,
    headers: {
      ...authorization(),
      ...(body === undefined ? {} : {'Content-Type': 'application/json'}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
  });
  if (!response.ok) throw await ApiError.from(response);
  return response.json();
}

// Returns /schema.json, or null if it is not available. Reports errors to `tell`.
// After a 401, waits for another token and tries again.
export async function readSchema(tell) {
  for (;;) {
    try {
      return await call('GET', '/schema.json');
    } catch (error) {
      tell(explain(error));
      if (!(error instanceof ApiError) || error.httpStatus !== 401) return null;
    }
    await nextToken();
  }
}
