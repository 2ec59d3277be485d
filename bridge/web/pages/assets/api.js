// Unary calls, and errors in the form that the bridge gives them.

import {authorization, nextToken} from './token.js';

// The path that the bridge is below, by the page's own: '' or '/realtime', say,
// where a proxy serves it under another path than its own.
export const base = location.pathname.replace(/\/[^/]*$/, '');

export class ApiError extends Error {
  // `body` is what came with the status: {"error": {...}}, or anything at all.
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

// The answer's JSON; throws ApiError, or TypeError when nobody answers.
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

// /schema.json. What keeps it away is told; where that is the token, another one
// is waited for. Null when it cannot be had at all.
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
