import { BridgeError, Code, errorFromResponse, requestIdOf } from './errors.js';
import { follow } from './events.js';
import { makeRequest } from './request.js';
import { directStream } from './stream.js';
import { TokenSource } from './token.js';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** One bridge: its address, the token, calls, and streams of their own. */
export class Transport {
  #lifetime = new AbortController();

  constructor(options = {}) {
    const base = options.baseUrl ?? '';
    // Otherwise an invalid address would look like a permanent network failure.
    if (base !== '') new URL(base, globalThis.location?.href);
    this.baseUrl = base.replace(/\/+$/, '');
    this.options = options;
    this.token = new TokenSource(options.token);
  }

  /** Aborted when the client is closed. */
  get lifetime() {
    return this.#lifetime.signal;
  }

  close() {
    this.#lifetime.abort();
  }

  stream(method, message, options) {
    return directStream(this, method, message, options);
  }

  /** Throws if it is not known where the bridge is. */
  checkAddress() {
    if (this.baseUrl !== '' || globalThis.location?.href !== undefined) return;
    throw new TypeError(
      "createClient: baseUrl is missing, and outside of a page there is no origin to use instead",
    );
  }

  /**
   * Sends once, through the interceptors. Throws a BridgeError for a network
   * failure, or the abort reason.
   */
  async send({ verb, target, body, contentType }, { token, headers, signal }, about) {
    const all = { ...this.options.headers, ...headers };
    if (token) all.Authorization = `Bearer ${token}`;
    if (body !== undefined) all['Content-Type'] = contentType;
    const request = { ...about, verb, url: this.baseUrl + target, headers: all, body, signal };
    const chain = [...(this.options.interceptors ?? [])];
    const next = (index) => (each) =>
      index < chain.length ? chain[index](each, next(index + 1)) : this.#fetch(each);
    return next(0)(request);
  }

  async #fetch({ verb, url, headers, body, signal }) {
    signal?.throwIfAborted();
    try {
      const fetch = this.options.fetch ?? globalThis.fetch;
      return await fetch(url, {
        method: verb,
        headers,
        body,
        signal,
        cache: 'no-store',
        credentials: this.options.credentials,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new BridgeError(Code.UNAVAILABLE, 'the bridge cannot be reached', { cause });
    }
  }

  /**
   * Makes a unary call. The promise of its message also has `withResponse()`:
   * the promise of { data, headers, requestId, httpStatus }.
   */
  unary(method, message, options = {}) {
    const result = this.#call(method, message, options);
    const promise = result.then(({ data }) => data);
    promise.withResponse = () => {
      promise.catch(() => {}); // the caller waits for the other one
      return result;
    };
    return promise;
  }

  async #call(method, message, { signal, timeoutMs = this.options.timeoutMs, headers, onResponse }) {
    this.checkAddress();
    const request = makeRequest(method, message);
    const attempt = follow(signal);
    const deadline = Date.now() + (timeoutMs ?? Infinity);
    const late = () =>
      attempt.abort(new BridgeError(Code.DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`));
    const timer = deadline < Infinity && setTimeout(late, Math.min(timeoutMs, MAX_TIMER_MS));
    try {
      for (let renewed = false; ; renewed = true) {
        const token = await within(attempt.signal, this.token.get());
        const all = { Accept: 'application/json', ...headers };
        if (deadline < Infinity) all['Grpc-Timeout'] = `${Math.max(1, Math.ceil(deadline - Date.now()))}m`;
        const about = { kind: 'call', method: method.name, message };
        const sent = { token, headers: all, signal: attempt.signal };
        const response = await within(attempt.signal, this.send(request, sent, about));
        const meta = {
          headers: response.headers,
          requestId: requestIdOf(response.headers),
          httpStatus: response.status,
        };
        onResponse?.(meta);
        if (response.ok) return { data: await readBody(method, response, attempt.signal), ...meta };
        const error = await errorFromResponse(response);
        attempt.signal.throwIfAborted();
        if (error.code !== Code.UNAUTHENTICATED || renewed || !this.token.refreshable) throw error;
        await within(attempt.signal, this.token.renew(token, error));
      }
    } finally {
      clearTimeout(timer);
      attempt.release();
      attempt.abort();
    }
  }
}

/** Waits no longer than until the abort: callbacks of the user may ignore it. */
function within(signal, promise) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    promise
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

async function readBody(method, response, signal) {
  try {
    // A google.api.HttpBody is the raw body of the response.
    const body = method.raw ? response.arrayBuffer() : response.json();
    const value = await within(signal, body);
    return method.raw ? new Uint8Array(value) : value;
  } catch (cause) {
    signal.throwIfAborted();
    throw new BridgeError(Code.UNAVAILABLE, 'the answer broke off', { cause });
  }
}
