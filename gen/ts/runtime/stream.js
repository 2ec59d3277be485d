import { BridgeError, Code } from './errors.js';
import { follow, openEvents } from './events.js';
import { makeRequest } from './request.js';

// A connection is considered dead after two missed keep-alive comments and a
// margin.
const MISSED_KEEP_ALIVES = 2;
const IDLE_SLACK_MS = 15000;

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

/**
 * A subscription. Iterating it opens the connection; so does `onEvent`. It can be
 * read only once.
 */
export class EventStream {
  #open;
  #options;
  #abort;
  #taken = false;
  #closed = false;
  #state = 'idle';
  #away = false;
  #lastEventId = '';

  /** `open(context)` yields raw events; see openEvents. */
  constructor(open, options = {}) {
    this.#open = open;
    this.#options = options;
    this.#abort = follow(options.signal);
    this.#lastEventId = options.lastEventId ?? '';
    if (options.onEvent) {
      this.done = this.#deliver(options);
      // With `onEvent`, failures may be handled by `onError` alone.
      this.done.catch(() => {});
    } else {
      this.done = new Promise(() => {});
    }
  }

  get state() {
    return this.#state;
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  close() {
    this.#closed = true;
    this.#abort.abort();
    if (!this.#taken) this.#setState({ state: 'closed', attempts: 0 });
  }

  async *[Symbol.asyncIterator]() {
    for await (const { data } of this.events()) yield data;
  }

  async *events() {
    if (this.#taken) throw new TypeError('a stream can be read once');
    this.#taken = true;
    let error;
    try {
      if (this.#closed) return;
      const stream = this;
      const cursor = {
        get id() {
          return stream.#lastEventId;
        },
        set id(id) {
          stream.#lastEventId = id;
        },
      };
      const events = this.#open({
        ...this.#options,
        signal: this.#abort.signal,
        cursor,
        onState: (change) => this.#setState(change),
      });
      for await (const event of events) {
        const typed = this.#typed(event);
        this.#setUpstream(event.event === 'upstream' ? typed.data.state : 'back');
        if (event.event === 'upstream') continue;
        // Events are only requested while somebody waits, so this one is delivered.
        if (event.id !== undefined) this.#lastEventId = event.id;
        if (event.event === 'reset') this.#options.onReset?.(typed.data);
        else if (event.event === 'unreadable') this.#options.onUnreadable?.(unreadable(typed));
        else yield typed;
      }
    } catch (thrown) {
      if (this.#closed) return;
      error = thrown;
      throw thrown;
    } finally {
      this.#abort.release();
      this.#abort.abort();
      this.#setState({ state: 'closed', attempts: 0, error });
    }
  }

  #typed({ event = 'message', id = '', data }) {
    try {
      return { event, id, data: JSON.parse(data) };
    } catch (cause) {
      throw new BridgeError(Code.DATA_LOSS, 'an event is no JSON', { cause });
    }
  }

  async #deliver({ onEvent, onError }) {
    try {
      for await (const event of this.events()) await onEvent(event.data, event);
    } catch (error) {
      onError?.(error);
      throw error;
    }
  }

  /** Whether the backend is away although the connection is open. */
  #setUpstream(state) {
    const away = state === 'away';
    if (away === this.#away) return;
    this.#away = away;
    this.#setState({ state: 'open', attempts: 0 });
  }

  #setState(change) {
    this.#state = change.state;
    if (change.state !== 'open') this.#away = false;
    this.#options.onState?.({
      ...change,
      ...(this.#away ? { upstream: 'away' } : {}),
      lastEventId: this.#lastEventId,
    });
  }
}

/** A stream with its own connection. */
export function directStream(transport, method, message, options = {}) {
  const request = makeRequest(method, message);
  return new EventStream(
    (context) =>
      openEvents(transport, () => request, {
        ...context,
        idleMs: idleMsOf(method.keepAliveMs, options, transport),
      }),
    options,
  );
}
