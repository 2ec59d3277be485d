// The events of one connection, which is reopened whenever it is lost.
import { createParser } from './eventsource-parser.js';

import { Backoff, pause } from './backoff.js';
import { BridgeError, Code, errorFromResponse, errorFromStatus } from './errors.js';
import { onWake } from './wake.js';

// Larger than any event, with any sensible setting of the bridge.
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** An AbortController that follows other signals until it is released. */
export function follow(...signals) {
  const controller = new AbortController();
  const followed = signals.filter((each) => each !== undefined && each !== null);
  const stop = () => {
    const aborted = followed.find((each) => each.aborted);
    controller.abort(aborted?.reason);
  };
  if (followed.some((each) => each.aborted)) stop();
  for (const each of followed) each.addEventListener('abort', stop);
  controller.release = () => {
    for (const each of followed) each.removeEventListener('abort', stop);
  };
  return controller;
}

/** Yields events, and `retry:` as { retry }. Ends with the body. */
async function* parse(body, idle) {
  const reader = body.getReader();
  let decoder;
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
      const { done, value } = await idle.watch(reader.read());
      if (done) return;
      decoder ??= typeof value === 'string' ? { decode: String } : new TextDecoder();
      parser.feed(decoder.decode(value, { stream: true }));
      const events = ready;
      ready = [];
      yield* events;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const silent = (ms) =>
  new BridgeError(Code.UNAVAILABLE, `no sign of life for ${Math.round(ms / 1000)} s`);

/**
 * Aborts an attempt if what it waits for takes longer than `ms` (0: for ever):
 * keep-alive comments should have arrived.
 */
function watchdog(ms, attempt) {
  let since;
  return {
    watch(promise) {
      if (!(ms > 0)) return promise;
      since = Date.now();
      const timer = setTimeout(() => attempt.abort(silent(ms)), ms);
      return promise.finally(() => {
        since = undefined;
        clearTimeout(timer);
      });
    },
    // A machine that sleeps stops the timer, but not the clock.
    check() {
      if (since !== undefined && Date.now() - since >= ms) attempt.abort(silent(ms));
    },
  };
}

function checkContentType(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (!/^text\/event-stream\b/i.test(type)) {
    throw new BridgeError(Code.UNKNOWN, `expected text/event-stream, not ${JSON.stringify(type)}`, {
      httpStatus: response.status,
      headers: response.headers,
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
 * has received an event. `about` describes the stream to interceptors.
 * `onOpen` gets each response that opens the stream.
 */
export async function* openEvents(transport, makeRequest, options) {
  const { signal, cursor, idleMs, headers, about, onOpen, onState = () => {} } = options;
  const policy = { ...transport.options.reconnect, ...options.reconnect };
  const backoff = new Backoff(policy);
  const isPermanent = (error) =>
    policy.shouldReconnect ? !policy.shouldReconnect(error) : error.permanent;
  const tell = (change) => onState({ ...change, attempts: backoff.attempts });
  let renewed = false; // and not accepted again yet
  let lost; // { reason, error } of the last attempt
  transport.checkAddress();
  for (;;) {
    signal.throwIfAborted();
    tell(lost === undefined ? { state: 'connecting' } : { state: 'reconnecting', ...lost });
    // Outside the try: a failure of the user's callback ends the stream.
    const token = await transport.token.get();
    const attempt = follow(signal);
    const idle = watchdog(idleMs, attempt);
    let restored = false;
    const asleep = onWake((wake) => {
      restored ||= wake.restored;
      if (!restored) return idle.check();
      attempt.abort(new BridgeError(Code.UNAVAILABLE, 'the page was away'));
    });
    let error;
    let reason = 'network';
    try {
      const response = await idle.watch(
        transport.send(
          makeRequest(),
          {
            token,
            headers: {
              ...headers,
              Accept: 'text/event-stream',
              ...(cursor.id ? { 'Last-Event-ID': cursor.id } : {}),
            },
            signal: attempt.signal,
          },
          about,
        ),
      );
      if (response.status === 204) return;
      if (!response.ok) {
        error = await errorFromResponse(response);
        reason = 'server';
        throw error;
      }
      checkContentType(response);
      renewed = false;
      onOpen?.(response);
      tell({ state: 'live' });
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
            reason = 'server';
            break;
          }
        }
        // The bridge reports an outage; this is not an event of the backend.
        if (event.event !== 'upstream') backoff.reset();
        yield event;
      }
      if (error === undefined) {
        // No status: the connection reached its maximum age, or was cut.
        error = new BridgeError(Code.UNAVAILABLE, 'the connection ended');
        reason = 'ended';
      }
    } catch (thrown) {
      signal.throwIfAborted();
      error = attempt.signal.aborted ? attempt.signal.reason : thrown;
      if (!(error instanceof BridgeError)) {
        error = new BridgeError(Code.UNAVAILABLE, 'the connection broke', { cause: thrown });
      }
    } finally {
      asleep();
      attempt.release();
      attempt.abort();
    }

    if (error.code === Code.UNAUTHENTICATED && transport.token.refreshable && !renewed) {
      renewed = true;
      lost = { reason: 'token', error };
      await transport.token.renew(token, error);
      continue;
    }
    if (isPermanent(error) || backoff.exhausted) throw error;
    lost = { reason, error };
    if (restored) continue;
    const delayMs = backoff.next(error.retryAfterMs);
    tell({ state: 'reconnecting', ...lost, delayMs });
    await pause(delayMs, signal);
  }
}
