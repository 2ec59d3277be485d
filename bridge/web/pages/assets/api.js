// Unary calls, and errors in the bridge's format.

import {authorization, getToken, nextToken, rejectToken} from './token.js';

// The bridge's base path, derived from the page's path: '' or, for example,
// '/realtime' behind a proxy.
export const base = location.pathname.replace(/\/[^/]*$/, '');

const kRetryMs = 3000;

// google.rpc.Code
const kCodes = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND',
  'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED',
  'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'];

export class ApiError extends Error {
  // `body` is the response's body: {"error": {...}}, or any other value. The final
  // status of a stream has no HTTP status of its own: its code is google.rpc.Code.
  constructor(httpStatus, body) {
    const error = body?.error ?? {};
    super(error.message ?? `HTTP ${httpStatus}`);
    this.httpStatus = httpStatus;
    this.status = error.status ?? kCodes[error.code] ?? '';
    this.body = body;
    // google.rpc.BadRequest: [{field, description}].
    this.violations = (error.details ?? []).flatMap((detail) => detail.fieldViolations ?? []);
  }

  static ofStatus(status) {
    return new ApiError(200, {error: status});
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
  const sent = authorization();
  const token = getToken();
  const response = await fetch(base + path, {
    method: verb,
    headers: {
      ...sent,
      ...(body === undefined ? {} : {'Content-Type': 'application/json'}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
  });
  if (response.ok) return response.json();
  const error = await ApiError.from(response);
  if (response.status === 401 && sent.Authorization) rejectToken(token, error.message);
  throw error;
}

// Returns /schema.json, or null if the bridge does not publish it. Reports errors to
// `tell(text, isToken)`. After a 401 (`isToken`), waits for another token and tries
// again; while the bridge cannot be reached, every few seconds.
export async function readSchema(tell) {
  for (;;) {
    const changed = nextToken();
    try {
      return await call('GET', '/schema.json');
    } catch (error) {
      const isToken = error instanceof ApiError && error.httpStatus === 401;
      const isOff = error instanceof ApiError && error.httpStatus === 404;
      tell(isToken ? 'This bridge shows its methods only to those who have a token.' :
        isOff ? 'This bridge does not publish its methods (--documents off).' :
          `The page cannot read the schema and tries again: ${explain(error)}`, isToken);
      if (isOff) return null;
      await (isToken ? changed : new Promise((resolve) => setTimeout(resolve, kRetryMs)));
    }
  }
}
