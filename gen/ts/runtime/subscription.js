// One stream of a connection that carries several: its queue of events.

// Events queued per subscriber before the connection waits for it.
const MAX_WAITING = 256;

export class Subscription {
  id = '';
  proven = false; // the bridge has accepted it before
  #events = [];
  #ended = false;
  #error;
  #wakeReader = () => {};
  #wakeWriter = () => {};

  /**
   * `id` is where the stream resumes. The connection sets it to what it has
   * received; with `positionOnRead`, it is what was read.
   */
  constructor(target, { cursor, onState }, { positionOnRead = false } = {}) {
    this.target = target;
    this.positionOnRead = positionOnRead;
    this.id = cursor.id;
    this.onState = onState;
  }

  /** What the connection calls it. */
  rename(name) {
    this.name = name;
    this.parameter = `stream=${encodeURIComponent(`${name}:${this.target}`)}`;
  }

  async push(event) {
    this.#events.push(event);
    this.#wakeReader();
    while (this.#events.length >= MAX_WAITING && !this.#ended) {
      await new Promise((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** Drops what was not read. */
  clear() {
    this.#events.length = 0;
  }

  async whenRead() {
    while (this.#events.length > 0 && !this.#ended) {
      await new Promise((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  end(error) {
    this.#error = error;
    this.#ended = true;
    this.#wakeReader();
    this.#wakeWriter();
  }

  async *read(signal) {
    const stop = () => this.#wakeReader();
    signal.addEventListener('abort', stop);
    try {
      for (;;) {
        signal.throwIfAborted();
        const event = this.#events.shift();
        if (event !== undefined) {
          if (this.positionOnRead && event.id !== undefined) this.id = event.id;
          this.#wakeWriter();
          yield event;
        } else if (this.#ended) {
          if (this.#error) throw this.#error;
          return;
        } else {
          await new Promise((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
