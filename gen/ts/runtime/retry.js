import { BridgeError, Code } from './errors.js';
import { Backoff, pause } from './backoff.js';

const RETRIED_HTTP = new Set([425, 429, 502, 503, 504]);

/**
 * An interceptor that sends failed calls again: those that read (GET), and those
 * that `isIdempotent` names. Streams reconnect without it.
 */
export function retry({ attempts = 3, isIdempotent = () => false, ...delays } = {}) {
  return async (request, next) => {
    const mayRepeat = request.kind === 'call' && (request.verb === 'GET' || isIdempotent(request));
    const backoff = new Backoff({ baseMs: 200, maxMs: 5000, ...delays });
    for (let left = attempts; ; ) {
      left -= 1;
      let wait = 0;
      try {
        const response = await next(request);
        if (!mayRepeat || left <= 0 || !RETRIED_HTTP.has(response.status)) return response;
        wait = 1000 * (Number(response.headers.get('Retry-After')) || 0);
        response.body?.cancel?.().catch(() => {});
      } catch (error) {
        const lost = error instanceof BridgeError && error.code === Code.UNAVAILABLE;
        if (!mayRepeat || left <= 0 || !lost) throw error;
      }
      await pause(backoff.next(wait), request.signal);
    }
  };
}
