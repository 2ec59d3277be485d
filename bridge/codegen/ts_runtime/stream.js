import { BridgeError, Code } from './errors.js';
import { follow, openEvents } from './events.js';
import { makeRequest } from './request.js';
import { streamStore } from './store.js';
import { onHidden, untilVisible } from './wake.js';

// A connection is considered dead after two missed keep-alive comments and a
// margin.
const MISSED_KEEP_ALIVES = 2;
const IDLE_SLACK_MS = 15000;

// Reasons of aborts.
const CLOSED = new Error('the stream was closed');
const HIDDEN = new Error('the page is hidden');

export function idleMsOf(keepAliveMs, options, transport) {
  return (
    options.idleTimeoutMs ??
    transport.options.idleTimeoutMs ??
    MISSED_KEEP_ALIVES * keepAliveMs + IDLE_SLACK_MS
  );
}

function unreadable({ data: { code, message } }) {
  return new BridgeError(code, message);
}

function typed({ event = 'message', id = '', data }) {
  try {
    return { event, id, data: JSON.parse(data) };
  } catch (cause) {
    throw new BridgeError(Code.DATA_LOSS, 'an event is no JSON', { cause });
  }
}

let sourceOf;
export { sourceOf };

/**
 * A subscription. Iterating it opens the connection; so do `onEvent` and
 * `start`. It can be read only once.
 */
export class EventStream {
  #open;
  #options;
  #source;
  #abort;
  #taken = false;
  #settle;
  #status = Object.freeze({ state: 'idle', attempts: 0, since: Date.now(), lastEventId: '' });
  #lastEventId = '';
  #stateListeners = new Set();
  #wasLive = false;

  static {
    sourceOf = (stream) => stream.#source;
  }

  /**
   * `open(context)` yields raw events; see openEvents. `source` has the
   * transport, the method and the request.
   */
  constructor(open, options, source) {
    this.#open = open;
    this.#options = { ...options };
    this.#source = source;
    this.#lastEventId = options.lastEventId ?? '';
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Failures may be handled elsewhere: by the loop, or by `onError`.
    this.done.catch(() => {});
    if (options.onState) this.#stateListeners.add(options.onState);
    this.#abort = follow(options.signal);
    const { signal } = this.#abort;
    if (signal.aborted) this.#finish('aborted', signal.reason);
    else signal.addEventListener('abort', () => this.#stopped());
    if (options.onEvent) this.start();
  }

  get state() {
    return this.#status.state;
  }

  get status() {
    return this.#status;
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  get method() {
    return this.#source.method;
  }

  get request() {
    return this.#source.message;
  }

  onState(listener) {
    const each = (state) => listener(state);
    this.#stateListeners.add(each);
    return () => this.#stateListeners.delete(each);
  }

  start(listeners = {}) {
    if (this.#taken) throw new TypeError('a stream can be read once');
    Object.assign(this.#options, listeners);
    if (listeners.onState) this.#stateListeners.add(listeners.onState);
    this.#deliver(this.events());
    return this.done;
  }

  reopen(options = {}) {
    return new EventStream(this.#open, { ...this.#options, ...options }, this.#source);
  }

  close() {
    this.#abort.abort(CLOSED);
  }

  async *[Symbol.asyncIterator]() {
    for await (const { data } of this.events()) yield data;
  }

  events() {
    if (this.#taken) throw new TypeError('a stream can be read once');
    this.#taken = true;
    return this.#read();
  }

  store(options) {
    return streamStore(this, options, this.#options);
  }

  async *#read() {
    const { signal } = this.#abort;
    const lifetime = this.#source.transport.lifetime;
    const stop = () => this.close();
    lifetime.addEventListener('abort', stop);
    if (lifetime.aborted) stop();
    let end = 'close'; // unless it ends by itself, the reader has left
    try {
      for (;;) {
        if (signal.aborted) return this.#throwUnlessClosed();
        const visit = follow(signal);
        const visible = this.#closeWhenHidden(visit);
        try {
          yield* this.#visit(visit.signal);
          end = 'done';
          return;
        } catch (error) {
          if (signal.aborted || visit.signal.reason !== HIDDEN) throw error;
        } finally {
          visible();
          visit.release();
          visit.abort();
        }
        this.#setState({ state: 'reconnecting', reason: 'hidden', attempts: 0 });
        await untilVisible(signal);
      }
    } catch (error) {
      if (signal.aborted) return this.#throwUnlessClosed();
      this.#finish('failed', error);
      throw error;
    } finally {
      lifetime.removeEventListener('abort', stop);
      this.#finish(end);
    }
  }

  #throwUnlessClosed() {
    const { reason } = this.#abort.signal;
    if (reason !== CLOSED) throw reason;
  }

  async *#visit(signal) {
    const stream = this;
    const cursor = {
      get id() {
        return stream.#lastEventId;
      },
    };
    const events = this.#open({
      ...this.#options,
      signal,
      cursor,
      onState: (change) => this.#setState(change),
    });
    for await (const raw of events) {
      const event = typed(raw);
      if (raw.event === 'upstream') {
        this.#setUpstream(event.data.state === 'away');
        continue;
      }
      // An event says as much as `back`, which a slow reader may miss.
      this.#setUpstream(false);
      // Events are only requested while somebody waits, so this one is delivered.
      if (raw.id !== undefined) this.#lastEventId = raw.id;
      if (raw.event === 'reset') this.#options.onReset?.(event.data);
      else if (raw.event === 'unreadable') this.#options.onUnreadable?.(unreadable(event));
      else yield event;
    }
  }

  async #deliver(events) {
    const { onEvent, onError } = this.#options;
    try {
      for await (const event of events) {
        try {
          await onEvent?.(event.data, event);
        } catch (error) {
          this.#finish('failed', error);
          throw error;
        }
      }
    } catch (error) {
      onError?.(error);
    }
  }

  /** The policy for hidden pages. */
  #closeWhenHidden(visit) {
    const { hidden = this.#source.transport.options.hidden } = this.#options;
    const ms = hidden === 'close' ? 0 : hidden?.closeAfterMs;
    return ms === undefined ? () => {} : onHidden(ms, () => visit.abort(HIDDEN));
  }

  #stopped() {
    const { reason } = this.#abort.signal;
    if (reason === CLOSED) this.#finish('close');
    else this.#finish('aborted', reason);
  }

  #finish(reason, error) {
    if (this.#settle === undefined) return;
    const { resolve, reject } = this.#settle;
    this.#settle = undefined;
    const failed = reason === 'failed' || reason === 'aborted';
    this.#abort.release();
    this.#abort.abort(CLOSED);
    this.#setState({ state: 'closed', reason, attempts: 0, ...(failed ? { error } : {}) });
    if (failed) reject(error);
    else resolve();
  }

  /** Whether the backend is away although the connection is open. */
  #setUpstream(away) {
    const { state } = this.#status;
    if (away && state === 'live') {
      this.#setState({ state: 'stale', reason: 'backend', attempts: 0 });
    } else if (!away && state === 'stale') {
      this.#setState({ state: 'live', attempts: 0 });
    }
  }

  #setState(next) {
    const old = this.#status;
    if (old.state === 'closed') return;
    this.#wasLive ||= next.state === 'live';
    const again = this.#wasLive && next.state === 'connecting';
    const change = again
      ? { ...next, state: 'reconnecting', reason: old.reason ?? 'network' }
      : next;
    const same = ['state', 'reason', 'error', 'delayMs', 'attempts'];
    if (same.every((name) => old[name] === change[name])) return;
    this.#status = Object.freeze({
      ...change,
      since: old.state === change.state ? old.since : Date.now(),
      lastEventId: this.#lastEventId,
    });
    for (const listener of [...this.#stateListeners]) listener(this.#status);
  }
}

/** A stream with its own connection. */
export function directStream(transport, method, message, options = {}) {
  const request = makeRequest(method, message);
  return new EventStream(
    (context) =>
      openEvents(transport, () => request, {
        ...context,
        idleMs: idleMsOf(method.keepAliveMs, context, transport),
        about: { kind: 'stream', method: method.name, message },
      }),
    options,
    { transport, method, message },
  );
}
