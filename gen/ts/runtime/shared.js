// Many subscriptions on one connection to `/events`: over HTTP/1.1, browsers open
// at most six connections per host.
import { Backoff, pause } from './backoff.js';
import { errorFromStatus } from './errors.js';
import { follow, openEvents } from './events.js';
import { makeGetTarget } from './request.js';
import { EventStream, idleMsOf } from './stream.js';

// The bridge allows at most 32 streams per connection, and request heads are
// limited to 16 KiB. Streams that do not fit use another connection.
const MAX_STREAMS = 32;
const MAX_QUERY_LENGTH = 8000;

// Events whose data contains the name of their stream.
const OF_THE_BRIDGE = new Set(['reset', 'unreadable', 'upstream']);

// Events queued per subscriber before the connection waits for it.
const MAX_WAITING = 256;

// Keep-alive interval of `/events`.
const KEEP_ALIVE_MS = 15000;

// Subscriptions often start together; open one connection for all of them.
const SETTLE_MS = 10;

/** One stream of a shared connection. */
class Subscription {
  id = '';
  proven = false; // the bridge has accepted it before
  #events = [];
  #ended = false;
  #error;
  #wakeReader = () => {};
  #wakeWriter = () => {};

  constructor(name, target, { cursor, onState }) {
    this.name = name;
    this.parameter = `stream=${encodeURIComponent(`${name}:${target}`)}`;
    this.id = cursor.id;
    this.onState = onState;
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

/** One connection, reopened whenever a stream is added. */
class Group {
  #shared;
  #subscriptions = new Map();
  #carried = []; // streams that the connection was opened with
  #restart = null; // aborts the connection
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
    return this.size < MAX_STREAMS && length <= MAX_QUERY_LENGTH;
  }

  add(subscription) {
    this.#subscriptions.set(subscription.name, subscription);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#restart === null) this.#run();
      else this.#restart.abort();
    }, SETTLE_MS);
  }

  remove(subscription) {
    subscription.end();
    if (this.#subscriptions.get(subscription.name) !== subscription) return;
    this.#subscriptions.delete(subscription.name);
    if (this.size === 0) {
      clearTimeout(this.#timer);
      this.#restart?.abort();
      this.#shared.drop(this);
    }
    // Otherwise its events are discarded until the connection is reopened, which
    // is not worth interrupting the other streams.
  }

  #target() {
    this.#carried = [...this.#subscriptions.values()];
    const streams = this.#carried.map((each) => each.parameter);
    return { verb: 'GET', target: `/events?${streams.join('&')}` };
  }

  #lastEventId() {
    return [...this.#subscriptions.values()]
      .filter((each) => each.id !== '')
      .map((each) => `${encodeURIComponent(each.name)}=${encodeURIComponent(each.id)}`)
      .join('&');
  }

  async #run() {
    while (this.size > 0) {
      const abort = follow(undefined);
      this.#restart = abort;
      const lastEventId = () => this.#lastEventId();
      try {
        await this.#read(abort.signal, {
          get id() {
            return lastEventId();
          },
        });
        for (const each of this.#take()) each.end();
      } catch (error) {
        if (!abort.signal.aborted) this.#refused(error);
      }
    }
    this.#restart = null;
  }

  async #read(signal, cursor) {
    const { transport, options } = this.#shared;
    const events = openEvents(transport, () => this.#target(), {
      reconnect: options.reconnect,
      headers: options.headers,
      signal,
      cursor,
      idleMs: idleMsOf(KEEP_ALIVE_MS, options, transport),
      onState: (change) => {
        for (const each of this.#carried) {
          if (change.state === 'open') each.proven = true;
          each.onState(change);
        }
      },
    });
    for await (const event of events) {
      if (event.event === 'grpc-status') this.#ended(JSON.parse(event.data));
      else await this.#deliver(event);
    }
  }

  async #deliver(event) {
    if (OF_THE_BRIDGE.has(event.event)) {
      const { stream, ...data } = JSON.parse(event.data);
      const part = this.#subscriptions.get(stream);
      if (part === undefined) return;
      let id;
      if (event.event === 'reset') id = '';
      else if (event.id !== undefined) id = idOf(part.name, event.id);
      if (id !== undefined) part.id = id;
      await part.push({
        event: event.event,
        data: JSON.stringify(data),
        ...(id === undefined ? {} : { id }),
      });
      return;
    }
    const subscription = this.#subscriptions.get(event.event);
    if (subscription === undefined) return; // it was removed
    const id = event.id === undefined ? undefined : idOf(subscription.name, event.id);
    if (id !== undefined) subscription.id = id;
    // On `/events` the event name identifies the stream; the event's own name is
    // not sent.
    await subscription.push({ data: event.data, ...(id === undefined ? {} : { id }) });
  }

  #ended(status) {
    const subscription = this.#subscriptions.get(status.stream);
    if (subscription === undefined) return;
    this.#subscriptions.delete(subscription.name);
    if (this.size === 0) this.#restart.abort();
    const error = errorFromStatus(status);
    if (error === null || error.permanent) subscription.end(error);
    else this.#shared.retry(subscription, error);
    if (this.size === 0) this.#shared.drop(this);
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

/** Streams of a client that share connections. */
export class SharedTransport {
  #groups = new Set();
  #homes = new Map(); // subscription -> its group, or the end of its delay
  #count = 0;

  constructor(transport, options = {}) {
    this.transport = transport;
    this.options = options;
  }

  unary(method, message, options) {
    return this.transport.unary(method, message, options);
  }

  stream(method, message, options = {}) {
    const target = makeGetTarget(method, message);
    return new EventStream((context) => this.#subscribe(method, target, context), options);
  }

  async *#subscribe(method, target, context) {
    context.signal.throwIfAborted();
    this.#count += 1;
    const label = method.bundleEvent.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 40);
    const subscription = new Subscription(`${label}.${this.#count}`, target, context);
    this.#join(subscription);
    const leave = () => {
      const home = this.#homes.get(subscription);
      this.#homes.delete(subscription);
      if (home instanceof Group) home.remove(subscription);
      else home?.abort();
    };
    // `close` also works while nobody waits for an event.
    context.signal.addEventListener('abort', leave);
    try {
      yield* subscription.read(context.signal);
    } finally {
      context.signal.removeEventListener('abort', leave);
      leave();
    }
  }

  #join(subscription) {
    let group = [...this.#groups].find((each) => each.hasRoomFor(subscription));
    group ??= this.#newGroup();
    this.#homes.set(subscription, group);
    group.add(subscription);
  }

  #newGroup() {
    const group = new Group(this);
    this.#groups.add(group);
    return group;
  }

  drop(group) {
    this.#groups.delete(group);
  }

  /** Uses a separate connection. */
  isolate(subscription) {
    const group = new Group(this);
    this.#homes.set(subscription, group);
    group.add(subscription);
  }

  /** A stream that failed temporarily joins again after a delay. */
  async retry(subscription, error) {
    subscription.backoff ??= new Backoff({
      ...this.transport.options.reconnect,
      ...this.options.reconnect,
    });
    if (subscription.backoff.exhausted) {
      subscription.end(error);
      return;
    }
    const abort = follow(undefined);
    this.#homes.set(subscription, abort);
    const delayMs = subscription.backoff.next();
    subscription.onState({
      state: 'waiting',
      attempts: subscription.backoff.attempts,
      error,
      delayMs,
    });
    try {
      await pause(delayMs, abort.signal);
    } catch {
      return; // nobody listens any more
    }
    this.#join(subscription);
  }
}
