// Many subscriptions on one connection to `/events`: over HTTP/1.1, browsers open
// at most six connections per host.
import { Backoff, pause } from './backoff.js';
import { follow } from './events.js';
import { makeGetTarget } from './request.js';
import { Group } from './shared_group.js';
import { EventStream } from './stream.js';
import { Subscription } from './subscription.js';

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
    return new EventStream((context) => this.subscribe(method.bundleEvent, target, context), options, {
      transport: this.transport,
      method,
      message,
    });
  }

  /** Yields the events of the stream at `target`, as openEvents does. */
  async *subscribe(bundleEvent, target, context) {
    context.signal.throwIfAborted();
    context.onState({ state: 'connecting', attempts: 0 });
    const subscription = new Subscription(target, context);
    subscription.label = bundleEvent.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 40);
    this.join(subscription);
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

  join(subscription) {
    this.#name(subscription);
    let group = [...this.#groups].find((each) => each.hasRoomFor(subscription));
    if (group === undefined) {
      group = new Group(this);
      this.#groups.add(group);
    }
    this.#homes.set(subscription, group);
    group.add(subscription);
  }

  /** The asterisk says that events keep their own names, behind it. */
  #name(subscription) {
    this.#count += 1;
    subscription.rename(`${subscription.label}.${this.#count}*`);
  }

  drop(group) {
    this.#groups.delete(group);
  }

  /** Uses a separate connection. */
  isolate(subscription) {
    this.#name(subscription);
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
    const abort = follow();
    this.#homes.set(subscription, abort);
    const delayMs = subscription.backoff.next();
    const { attempts } = subscription.backoff;
    subscription.onState({ state: 'reconnecting', reason: 'server', attempts, error, delayMs });
    try {
      await pause(delayMs, abort.signal);
    } catch {
      return; // nobody listens any more
    }
    this.join(subscription);
  }
}
