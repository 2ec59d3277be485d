// The events of one connection, which is reopened whenever it is lost.
import { createParser } from 'eventsource-parser';

import { Backoff, pause } from './backoff.js';
import { BridgeError, Code, errorFromResponse, errorFromStatus } from './errors.js';

// Larger than any event, with any sensible setting of the bridge.
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** An AbortController that follows another signal until it is released. */
export function follow(signal) {
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  controller.release = () => signal?.removeEventListener('abort', stop);
  return controller;
}

/** Yields events, and `retry:` as { retry }. Ends with the body. */
async function* parse(body, idle) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let ready = [];
  const parser = createParser({
    onEvent: (event) => ready.push(event),
    onRetry: (retry) => ready.push({ retry }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') {
        throw new BridgeError(Code.DATA_LOSS, 'an event is too long', { cause: error });
      }
    },
    maxBufferSize: MAX_EVENT_LENGTH,
  });
  try {
    for (;;) {
      const { done, value } = await idle(reader.read());
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      const events = ready;
      ready = [];
      yield* events;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Rejects if `promise` takes longer: keep-alive comments should have arrived. */
function watchdog(ms, controller) {
  if (!(ms > 0)) return (promise) => promise;
  return (promise) => {
    const timer = setTimeout(() => {
      controller.abort(
        new BridgeError(Code.UNAVAILABLE, `no sign of life for ${Math.round(ms / 1000)} s`),
      );
    }, ms);
    return promise.finally(() => clearTimeout(timer));
  };
}

function checkContentType(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (!/^text\/event-stream\b/i.test(type)) {
    throw new BridgeError(Code.UNKNOWN, `expected text/event-stream, not ${JSON.stringify(type)}`, {
      httpStatus: response.status,
    });
  }
}

/**
 * Yields { event, id, data } as on the wire (id is undefined if the event has
 * none), reconnecting as necessary. Returns when the stream has ended
 * successfully (status OK, or 204). Throws the BridgeError that ends it, or the
 * signal's reason. A status that names a `stream` of a shared connection is
 * yielded like an event.
 *
 * Each attempt sends `cursor.id` as Last-Event-ID; the caller updates it when it
 * has received an event.
 */
export async function* openEvents(transport, makeRequest, options) {
  const { signal, cursor, idleMs, headers, onState = () => {} } = options;
  const policy = { ...transport.options.reconnect, ...options.reconnect };
  const backoff = new Backoff(policy);
  const isPermanent = (error) =>
    policy.shouldReconnect ? !policy.shouldReconnect(error) : error.permanent;
  let renewed = false; // and not accepted again yet
  for (;;) {
    signal.throwIfAborted();
    onState({ state: 'connecting', attempts: backoff.attempts });
    // Outside the try: a failure of the user's callback ends the stream.
    const token = await transport.token.get();
    const attempt = follow(signal);
    const idle = watchdog(idleMs, attempt);
    let error;
    try {
      const response = await idle(
        transport.send(makeRequest(), {
          token,
          headers: {
            ...headers,
            Accept: 'text/event-stream',
            ...(cursor.id ? { 'Last-Event-ID': cursor.id } : {}),
          },
          signal: attempt.signal,
        }),
      );
      if (response.status === 204) return;
      if (!response.ok) throw await errorFromResponse(response);
      checkContentType(response);
      renewed = false;
      onState({ state: 'open', attempts: backoff.attempts });
      for await (const event of parse(response.body, idle)) {
        if (event.retry !== undefined) {
          backoff.setServerBase(event.retry);
          continue;
        }
        if (event.event === 'grpc-status') {
          const status = JSON.parse(event.data);
          if (status.stream === undefined) {
            error = errorFromStatus(status);
            if (error === null) return;
            break;
          }
        }
        // The bridge reports an outage; this is not an event of the backend.
        if (event.event !== 'upstream') backoff.reset();
        yield event;
      }
      // No status: the connection reached its maximum age, or was cut.
      error ??= new BridgeError(Code.UNAVAILABLE, 'the connection ended');
    } catch (thrown) {
      signal.throwIfAborted();
      error = attempt.signal.aborted ? attempt.signal.reason : thrown;
      if (!(error instanceof BridgeError)) {
        error = new BridgeError(Code.UNAVAILABLE, 'the connection broke', { cause: thrown });
      }
    } finally {
      attempt.release();
      attempt.abort();
    }

    if (error.code === Code.UNAUTHENTICATED && transport.token.refreshable && !renewed) {
      renewed = true;
      onState({ state: 'connecting', attempts: backoff.attempts, error });
      await transport.token.renew(token, error);
      continue;
    }
    if (isPermanent(error) || backoff.exhausted) throw error;
    const delayMs = backoff.next(error.retryAfterMs);
    onState({ state: 'waiting', attempts: backoff.attempts, error, delayMs });
    await pause(delayMs, signal);
  }
}
