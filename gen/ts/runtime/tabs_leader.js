// The tab that has the connection for all tabs; see tabs.js.
import { BridgeError } from './errors.js';

// Events sent to a tab that it has not read. Beyond this, its stream stops until
// it has read them.
const MAX_UNREAD = 1024;

export class Leader {
  #shared;
  #name;
  #send;
  #tabs = new Map(); // id -> { streams, channel, left }
  #over = new AbortController();

  /** `send(tab, message)` delivers a message to a tab, which may be this one. */
  constructor(shared, name, send) {
    this.#shared = shared;
    this.#name = name;
    this.#send = send;
  }

  stop() {
    this.#over.abort();
    for (const id of [...this.#tabs.keys()]) this.#drop(id);
  }

  channelOf(id) {
    const tab = this.#tabs.get(id);
    tab.channel ??= new BroadcastChannel(`${this.#name}.${id}`);
    return tab.channel;
  }

  receive({ type, tab: id, stream, run, ...rest }) {
    if (this.#over.signal.aborted) return;
    const tab = this.#tabs.get(id) ?? this.#add(id);
    const open = tab.streams.get(stream);
    if (type === 'read') {
      if (open?.run === run) open.unread -= rest.count;
      return;
    }
    // Messages may have been under way to two leaders.
    if (type === 'open' && open?.run >= run) return;
    open?.abort.abort();
    tab.streams.delete(stream);
    if (type !== 'open') return;
    const opened = { run, unread: 0, abort: new AbortController() };
    tab.streams.set(stream, opened);
    this.#read(id, stream, opened, rest);
  }

  async #read(id, stream, opened, { label, target, id: lastEventId }) {
    const { run, abort } = opened;
    const current = () => this.#tabs.get(id)?.streams.get(stream) === opened;
    const tell = (message) => {
      if (current()) this.#send(id, { stream, run, ...message });
    };
    const context = {
      signal: abort.signal,
      cursor: { id: lastEventId },
      onState: ({ error, ...change }) =>
        tell({
          type: 'state',
          change: error === undefined ? change : { ...change, error: BridgeError.pack(error) },
        }),
    };
    try {
      for await (const event of this.#shared.subscribe(label, target, context)) {
        tell({ type: 'event', event: event.event, id: event.id, data: event.data });
        opened.unread += 1;
        if (opened.unread < MAX_UNREAD) continue;
        tell({ type: 'behind' });
        break;
      }
      if (opened.unread < MAX_UNREAD) tell({ type: 'end' });
    } catch (error) {
      if (!abort.signal.aborted) tell({ type: 'end', error: BridgeError.pack(error) });
    }
    if (current()) this.#tabs.get(id).streams.delete(stream);
  }

  /** The lock of a tab is free when the tab has gone. */
  #add(id) {
    const tab = { streams: new Map(), channel: undefined };
    this.#tabs.set(id, tab);
    globalThis.navigator.locks
      .request(`${this.#name}.${id}`, { signal: this.#over.signal }, () => this.#drop(id))
      .catch(() => {}); // no longer the leader
    return tab;
  }

  #drop(id) {
    const tab = this.#tabs.get(id);
    this.#tabs.delete(id);
    for (const { abort } of tab?.streams.values() ?? []) abort.abort();
    tab?.channel?.close();
  }
}
