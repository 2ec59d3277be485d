// One error type for all failures: the bridge's JSON errors, the `grpc-status`
// event that ends a stream, and failed connections.

/** google.rpc.Code by name. */
export const Code = Object.freeze({
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
});

const NAMES = Object.keys(Code);

// Codes worth a retry; all other errors are permanent.
const TRANSIENT = new Set([
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.ABORTED,
  Code.UNAVAILABLE,
]);

// For responses of a proxy or another server, not of the bridge.
const CODE_OF_HTTP = new Map([
  [400, Code.INVALID_ARGUMENT],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.NOT_FOUND],
  [405, Code.UNIMPLEMENTED],
  [408, Code.UNAVAILABLE],
  [409, Code.ABORTED],
  [425, Code.UNAVAILABLE],
  [429, Code.RESOURCE_EXHAUSTED],
  [499, Code.CANCELLED],
  [500, Code.UNAVAILABLE],
  [501, Code.UNIMPLEMENTED],
  [502, Code.UNAVAILABLE],
  [503, Code.UNAVAILABLE],
  [504, Code.UNAVAILABLE],
]);


export class BridgeError extends Error {
  constructor(code, message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BridgeError';
    this.code = code;
    this.status = NAMES[code] ?? 'UNKNOWN';
    this.httpStatus = options.httpStatus;
    this.details = options.details ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.headers = options.headers;
  }

  /** What the log of the bridge calls the request; empty if unknown. */
  get requestId() {
    return requestIdOf(this.headers);
  }

  /** Retrying the same request would not help. */
  get permanent() {
    return !TRANSIENT.has(this.code);
  }

  /** The first detail of a type, such as 'google.rpc.ErrorInfo'. */
  detail(type) {
    return this.details.find((detail) => isOfType(detail, type));
  }

  /** The invalid fields of the request, with reasons. */
  get fieldViolations() {
    return this.details
      .filter((detail) => isOfType(detail, 'google.rpc.BadRequest'))
      .flatMap((detail) => detail.fieldViolations ?? []);
  }

  /** For a message to another page, which cannot carry the class. */
  static pack(error) {
    if (!(error instanceof BridgeError)) return { message: String(error?.message ?? error) };
    const { code, message, httpStatus, details, retryAfterMs } = error;
    return { code, message, httpStatus, details, retryAfterMs };
  }

  static unpack({ code, message, ...options }) {
    return code === undefined ? new Error(message) : new BridgeError(code, message, options);
  }
}

function isOfType(detail, type) {
  const url = detail['@type'] ?? '';
  return url.slice(url.lastIndexOf('/') + 1) === type;
}

export function requestIdOf(headers) {
  return headers?.get('X-Request-Id') ?? '';
}

/** From the data of a `grpc-status` event; null for success. */
export function errorFromStatus(status) {
  const code = Number(status.code ?? 0);
  if (code === Code.OK) return null;
  return new BridgeError(code, String(status.message ?? ''), { details: status.details });
}

function retryAfter(headers) {
  const text = headers.get('Retry-After');
  if (text === null || text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return ms >= 0 ? ms : undefined;
}

/** From an HTTP error response. */
export async function errorFromResponse(response) {
  const { headers } = response;
  const common = { httpStatus: response.status, retryAfterMs: retryAfter(headers), headers };
  let text = '';
  try {
    text = await response.text();
    const { error } = JSON.parse(text);
    if (typeof error.status === 'string') {
      return new BridgeError(Code[error.status] ?? Code.UNKNOWN, String(error.message), {
        ...common,
        details: error.details,
      });
    }
  } catch {
    // Not an error in the bridge's format.
  }
  const code =
    CODE_OF_HTTP.get(response.status) ??
    (response.status >= 500 ? Code.UNAVAILABLE : Code.UNKNOWN);
  return new BridgeError(code, `HTTP ${response.status}: ${text.slice(0, 200)}`, common);
}
