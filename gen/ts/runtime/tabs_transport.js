import { makeGetTarget } from './request.js';
import { EventStream } from './stream.js';
import { Transport } from './transport.js';

export function canUseTabs() {
  return (
    globalThis.navigator?.locks !== undefined &&
    globalThis.BroadcastChannel !== undefined &&
    globalThis.crypto?.subtle !== undefined
  );
}

/** The streams of all tabs with this transport's bridge and user. */
export class TabsTransport extends Transport {
  #tabs = new Map();

  stream(method, message, options = {}) {
    let target;
    try {
      target = makeGetTarget(method, message);
    } catch {
      return super.stream(method, message, options); // it cannot be on /events
    }
    if (options.headers) return super.stream(method, message, options);
    const source = { transport: this, method, message };
    return new EventStream((context) => this.#subscribe(method, target, context), options, source);
  }

  async *#subscribe(method, target, context) {
    // Loaded only where it is used.
    const { nameOf, Tab } = await import('./tabs.js');
    const name = await nameOf(this);
    let tab = this.#tabs.get(name);
    if (tab === undefined) {
      tab = new Tab(this, name);
      this.#tabs.set(name, tab);
    }
    yield* tab.subscribe(method.bundleEvent, target, context);
  }
}
