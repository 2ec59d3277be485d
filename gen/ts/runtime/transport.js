import { BridgeError, Code, errorFromResponse } from './errors.js';
import { makeRequest } from './request.js';
import { TokenSource } from './token.js';

/** One bridge: its address, the token, and unary calls. */
export class Transport {
  constructor(options = {}) {
    const base = options.baseUrl ?? '';
    // Otherwise an invalid address would look like a permanent network failure.
    if (base !== '') new URL(base, globalThis.location?.href);
    this.baseUrl = base.replace(/\/+$/, '');
    this.options = options;
    this.token = new TokenSource(options.token);
  }

  /** Sends once. Throws a BridgeError for a network failure, or the abort reason. */
  async send({ verb, target, body, contentType }, { token, headers, signal }) {
    const all = { ...this.options.headers, ...headers };
    if (token) all.Authorization = `Bearer ${token}`;
    if (body !== undefined) all['Content-Type'] = contentType;
    signal?.throwIfAborted();
    try {
      const fetch = this.options.fetch ?? globalThis.fetch;
      return await fetch(this.baseUrl + target, {
        method: verb,
        headers: all,
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

  /** Makes a unary call. Renews a rejected token once. */
  async unary(method, message, { signal, timeoutMs = this.options.timeoutMs, headers } = {}) {
    const request = makeRequest(method, message);
    const all = { Accept: 'application/json', ...headers };
    if (timeoutMs !== undefined) all['Grpc-Timeout'] = `${Math.ceil(timeoutMs)}m`;
    for (let renewed = false; ; renewed = true) {
      const token = await this.token.get();
      const response = await this.send(request, { token, headers: all, signal });
      if (response.ok) return readBody(method, response, signal);
      const error = await errorFromResponse(response);
      if (error.code !== Code.UNAUTHENTICATED || renewed || !this.token.refreshable) throw error;
      await this.token.renew(token, error);
    }
  }
}

async function readBody(method, response, signal) {
  try {
    // A google.api.HttpBody is the raw body of the response.
    return method.raw ? new Uint8Array(await response.arrayBuffer()) : await response.json();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new BridgeError(Code.UNAVAILABLE, 'the answer broke off', { cause });
  }
}
