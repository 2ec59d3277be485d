// A stream as a store: `subscribe` and `getSnapshot`, as React and others expect
// them, and as the contract of Svelte's stores is.

// Bounds of what a store keeps, unless `max` says otherwise.
const MAX_LIST = 100;
const MAX_MAP = 10000;

function boundOf({ max }, fallback) {
  if (max === undefined) return fallback;
  if (Number.isInteger(max) && max > 0) return max;
  throw new RangeError(`max is a positive integer, not ${max}`);
}

/** Returns what reads the key of an event's data: a path, or the schema's. */
function keyOf({ key }, method) {
  if (typeof key === 'function') return (data) => String(key(data));
  const path = typeof key === 'string' ? key.split('.') : (key ?? method.snapshotKey);
  if (path === undefined) {
    throw new TypeError(`${method.name}: the schema has no snapshot.key, so a map needs a key`);
  }
  return (data) => {
    let value = data;
    for (const name of path) {
      value = value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? value[name] : undefined;
    }
    // What is not printed is empty.
    return String(value ?? '');
  };
}

class Latest {
  #value;

  add(data) {
    this.#value = data;
  }

  clear() {}

  get() {
    return this.#value;
  }
}

/** Values that are copied when somebody looks, not with each event. */
class Collection {
  #copy;

  constructor(max) {
    this.max = max;
  }

  changed() {
    this.#copy = undefined;
  }

  get() {
    this.#copy ??= this.copied();
    return this.#copy;
  }
}

class List extends Collection {
  #items = [];

  add(data) {
    this.#items.push(data);
    // Twice the bound at most, so that each event costs the same on average.
    if (this.#items.length >= 2 * this.max) this.#items = this.#items.slice(-this.max);
    this.changed();
  }

  clear() {
    this.#items = [];
    this.changed();
  }

  copied() {
    return Object.freeze(this.#items.slice(-this.max));
  }
}

class Keyed extends Collection {
  #items = new Map();
  #keyOf;

  constructor(max, key) {
    super(max);
    this.#keyOf = key;
  }

  add(data) {
    const key = this.#keyOf(data);
    // An entry keeps its place; beyond the bound, the oldest goes.
    this.#items.set(key, data);
    if (this.#items.size > this.max) this.#items.delete(this.#items.keys().next().value);
    this.changed();
  }

  clear() {
    this.#items = new Map();
    this.changed();
  }

  copied() {
    return new Map(this.#items);
  }
}

function keeperOf(options, method) {
  switch (options.keep ?? 'latest') {
    case 'latest':
      return new Latest();
    case 'list':
      return new List(boundOf(options, MAX_LIST));
    case 'map':
      return new Keyed(boundOf(options, MAX_MAP), keyOf(options, method));
    default:
      throw new TypeError(`keep is "latest", "list" or "map", not ${JSON.stringify(options.keep)}`);
  }
}

const IDLE = Object.freeze({ state: 'idle', since: 0 });

/**
 * A store of a stream that has not been read, and has these options. It connects
 * when somebody subscribes and closes when nobody does any more, each a moment
 * later, so that components that are mounted twice or rendered on a server open
 * nothing. When it connects again, it resumes.
 */
export function streamStore(source, options = {}, streamOptions = {}) {
  if (streamOptions.onEvent) throw new TypeError('a stream with onEvent is read already; a store reads its own');
  const kept = keeperOf(options, source.method);
  const listeners = new Set();
  let status = IDLE;
  let stream; // that is open, or has ended while there were subscribers
  let lastEventId;
  let resets = 0;
  let publishTimer;
  let openTimer;
  let closeTimer;

  const look = () =>
    Object.freeze({
      data: kept.get(),
      state: status.state,
      reason: status.reason,
      error: status.error,
      since: status.since,
      resets,
    });
  const initial = look();
  let snapshot = initial;

  const publish = () => {
    clearTimeout(publishTimer);
    publishTimer = undefined;
    snapshot = look();
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        // One that fails does not keep the news from the others.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
  /** Many events that arrive together are one change. */
  const changed = () => {
    publishTimer ??= setTimeout(publish, options.throttleMs ?? 0);
  };

  const open = () => {
    openTimer = undefined;
    const opened = source.reopen(lastEventId ? { lastEventId } : {});
    stream = opened;
    const ifCurrent =
      (listener) =>
      (...values) => {
        if (stream === opened) listener(...values);
      };
    const observe = ifCurrent(() => {
      status = opened.status;
      changed();
    });
    opened.onState(observe);
    opened.start({
      onEvent: ifCurrent((data) => {
        kept.add(data);
        changed();
      }),
      // What is missing is unknown, and what follows may be a repetition.
      onReset: ifCurrent((reset) => {
        kept.clear();
        resets += 1;
        changed();
        streamOptions.onReset?.(reset);
      }),
    });
    observe();
  };

  const close = () => {
    closeTimer = undefined;
    if (stream === undefined || status.reason === 'done') return;
    const closing = stream;
    stream = undefined;
    lastEventId = closing.lastEventId;
    closing.close();
    status = IDLE;
    publish();
  };

  const subscribe = (run) => {
    const listener = () => run(snapshot);
    listeners.add(listener);
    clearTimeout(closeTimer);
    closeTimer = undefined;
    // If the stream has failed, the next first subscriber tries again.
    if (stream === undefined) openTimer ??= setTimeout(open, 0);
    run(snapshot);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      clearTimeout(openTimer);
      openTimer = undefined;
      closeTimer ??= setTimeout(close, options.lingerMs ?? 0);
      closeTimer.unref?.(); // it does not keep Node running
    };
  };

  return Object.freeze({
    subscribe,
    getSnapshot: () => snapshot,
    getServerSnapshot: () => initial,
    /** Forgets everything and begins again, also after an error. */
    restart() {
      const closing = stream;
      stream = undefined;
      closing?.close();
      lastEventId = undefined;
      kept.clear();
      status = IDLE;
      if (listeners.size > 0) openTimer ??= setTimeout(open, 0);
      publish();
    },
  });
}
