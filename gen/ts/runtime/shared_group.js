// One connection to `/events`. Streams are added to it and removed from it while
// it is open.
import { BridgeError, Code, errorFromResponse, errorFromStatus } from './errors.js';
import { follow, openEvents } from './events.js';
import { idleMsOf } from './stream.js';

// The bridge allows at most 32 streams per connection, and request heads are
// limited to 16 KiB. Streams that do not fit use another connection.
const MAX_STREAMS = 32;
const MAX_QUERY_LENGTH = 8000;

// Events whose data contains the name of their stream.
const OF_THE_BRIDGE = new Set(['reset', 'unreadable', 'upstream']);

// Keep-alive interval of `/events`.
const KEEP_ALIVE_MS = 15000;

// Subscriptions often start together; add them together.
const SETTLE_MS = 10;

const ABOUT = { kind: 'stream', method: '/events' };

/** Returns this stream's part of a composite id. */
function idOf(name, composite) {
  for (const part of composite.split('&')) {
    const at = part.indexOf('=');
    if (decodeURIComponent(part.slice(0, at)) === name) {
      return decodeURIComponent(part.slice(at + 1));
    }
  }
  return undefined;
}

function positionsOf(subscriptions) {
  return subscriptions
    .filter((each) => each.id !== '')
    .map((each) => `${encodeURIComponent(each.name)}=${encodeURIComponent(each.id)}`)
    .join('&');
}

export class Group {
  #shared;
  #subscriptions = new Map();
  #carried = new Map(); // what the connection has, including what is to be removed
  #connection = null; // its name for changes, while it is open; '' if it has none
  #fixed = false; // the bridge does not change it
  #restart = null; // aborts the connection
  #changing = false;
  #timer;

  constructor(shared) {
    this.#shared = shared;
  }

  get size() {
    return this.#subscriptions.size;
  }

  hasRoomFor(subscription) {
    let length = subscription.parameter.length;
    for (const each of this.#subscriptions.values()) length += 1 + each.parameter.length;
    return !this.#fixed && this.size < MAX_STREAMS && length <= MAX_QUERY_LENGTH;
  }

  add(subscription) {
    this.#subscriptions.set(subscription.name, subscription);
    this.#settle();
  }

  remove(subscription) {
    subscription.end();
    if (this.#subscriptions.get(subscription.name) !== subscription) return;
    this.#subscriptions.delete(subscription.name);
    if (this.size === 0) {
      this.#stop();
      return;
    }
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.size === 0) return;
      if (this.#restart === null) this.#run();
      else this.#change();
    }, SETTLE_MS);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#restart?.abort();
    this.#shared.drop(this);
  }

  #target() {
    this.#connection = null;
    this.#carried = new Map(this.#subscriptions);
    const streams = [...this.#carried.values()].map((each) => each.parameter);
    return { verb: 'GET', target: `/events?connection=new&${streams.join('&')}` };
  }

  async #run() {
    while (this.size > 0) {
      const abort = follow();
      this.#restart = abort;
      try {
        await this.#read(abort.signal);
        for (const each of this.#take()) each.end();
      } catch (error) {
        if (!abort.signal.aborted) this.#refused(error);
      }
    }
    this.#restart = null;
  }

  async #read(signal) {
    const { transport, options } = this.#shared;
    const subscriptions = this.#subscriptions;
    const events = openEvents(transport, () => this.#target(), {
      reconnect: options.reconnect,
      headers: options.headers,
      signal,
      cursor: {
        get id() {
          return positionsOf([...subscriptions.values()]);
        },
      },
      idleMs: idleMsOf(KEEP_ALIVE_MS, options, transport),
      about: ABOUT,
      onOpen: (response) => {
        this.#connection = response.headers.get('Sse-Connection') ?? '';
        this.#fixed = false;
      },
      onState: (change) => {
        const live = change.state === 'live';
        if (!live) this.#connection = null;
        for (const each of live ? this.#carried.values() : subscriptions.values()) {
          if (live) each.proven = true;
          each.onState(change);
        }
        // Some came or went while it was opened.
        if (live) this.#change();
      },
    });
    for await (const event of events) {
      if (event.event === 'grpc-status') this.#ended(JSON.parse(event.data));
      else await this.#deliver(event);
    }
  }

  /** Brings the open connection up to date; while it is being opened, waits. */
  async #change() {
    if (this.#changing) return;
    this.#changing = true;
    try {
      while (this.#connection !== null) {
        const added = [...this.#subscriptions.values()].filter((each) => !this.#carried.has(each.name));
        const removed = [...this.#carried.keys()].filter((name) => !this.#subscriptions.has(name));
        // What only leaves is not worth a request if the connection has no name.
        if (added.length === 0 && (removed.length === 0 || this.#connection === '')) return;
        await this.#post(this.#connection, added, removed);
      }
    } finally {
      this.#changing = false;
    }
  }

  async #post(connection, added, removed) {
    const { transport, options } = this.#shared;
    let error = new BridgeError(Code.ABORTED, 'the connection cannot be changed');
    let ended = false;
    const attempt = follow(this.#restart.signal);
    try {
      if (connection !== '') {
        const response = await transport.send(
          {
            verb: 'POST',
            target: '/events',
            body: [
              `connection=${encodeURIComponent(connection)}`,
              ...removed.map((name) => `remove=${encodeURIComponent(name)}`),
              ...added.map((each) => each.parameter),
            ].join('&'),
            contentType: 'application/x-www-form-urlencoded',
          },
          {
            token: await transport.token.get(),
            headers: { ...options.headers, 'Last-Event-ID': positionsOf(added) },
            signal: attempt.signal,
          },
          { kind: 'call', method: '/events' },
        );
        error = response.ok ? null : await errorFromResponse(response);
        ended = response.status === 204;
      }
    } catch (thrown) {
      error = thrown;
    } finally {
      attempt.release();
    }
    // Meanwhile the connection was opened again, with all of them.
    if (this.#connection !== connection) return;
    for (const name of removed) this.#carried.delete(name);
    const still = added.filter((each) => this.#subscriptions.get(each.name) === each);
    if (error === null) {
      for (const each of added) this.#carried.set(each.name, each);
      for (const each of still) {
        each.proven = true;
        each.onState({ state: 'live', attempts: 0 });
        if (ended) this.#subscriptions.delete(each.name);
        if (ended) each.end();
      }
    } else {
      this.#notAdded(still, error);
    }
  }

  #notAdded(added, error) {
    if (added.length === 0) return;
    if (error.code === Code.ABORTED) {
      // Another bridge has the connection, or the token is new since.
      const all = [...this.#carried.values()];
      if (all.every((each) => each.id !== '' || !this.#subscriptions.has(each.name))) {
        this.#connection = null;
        this.#restart.abort(); // opens it again with all of them, and loses nothing
        return;
      }
      this.#fixed = true;
    }
    for (const each of added) this.#subscriptions.delete(each.name);
    for (const each of added) {
      if (error.code === Code.ABORTED) this.#shared.join(each);
      // Alone, each gets its own error, and may be tried again.
      else this.#shared.isolate(each);
    }
    if (this.size === 0) this.#stop();
  }

  async #deliver(event) {
    const name = event.event ?? '';
    if (OF_THE_BRIDGE.has(name)) {
      const { stream, ...data } = JSON.parse(event.data);
      const part = this.#subscriptions.get(stream);
      if (part === undefined) return;
      let id;
      if (name === 'reset') id = '';
      else if (event.id !== undefined) id = idOf(part.name, event.id);
      if (id !== undefined) part.id = id;
      await part.push({ event: name, id, data: JSON.stringify(data) });
      return;
    }
    // "NAME*" and the event's own name.
    const own = name.indexOf('*') + 1;
    const subscription = this.#subscriptions.get(name.slice(0, own));
    if (subscription === undefined) return; // it was removed
    const id = event.id === undefined ? undefined : idOf(subscription.name, event.id);
    if (id !== undefined) subscription.id = id;
    subscription.backoff?.reset();
    await subscription.push({ event: name.slice(own) || undefined, id, data: event.data });
  }

  #ended(status) {
    const subscription = this.#subscriptions.get(status.stream);
    if (subscription === undefined) return;
    this.#subscriptions.delete(subscription.name);
    const error = errorFromStatus(status);
    if (error === null || error.permanent) subscription.end(error);
    else this.#shared.retry(subscription, error);
    if (this.size === 0) this.#stop();
  }

  /**
   * The bridge rejects the whole connection, whichever stream is the cause.
   * Streams that it has not accepted before get connections of their own, so
   * that each gets its own error and the others continue.
   */
  #refused(error) {
    const all = [...this.#subscriptions.values()];
    const suspects = all.some((each) => each.proven) ? all.filter((each) => !each.proven) : all;
    if (all.length === 1 || suspects.length === 0) {
      for (const each of this.#take()) each.end(error);
      return;
    }
    for (const each of suspects) {
      this.#subscriptions.delete(each.name);
      this.#shared.isolate(each);
    }
    if (this.size === 0) this.#shared.drop(this);
  }

  #take() {
    const all = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    this.#shared.drop(this);
    return all;
  }
}
