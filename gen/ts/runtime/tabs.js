// One connection for all tabs of an origin. The tab that holds a Web Lock, the
// leader, has the connection (shared.js); the others get their events from it by
// BroadcastChannel. Each stream of each tab is a stream of its own on the
// connection, with its own position: so a tab that asks a new leader for what
// comes after its last event neither loses an event nor gets one twice.
//
// Channels: NAME, which only the leader and those that wait for one read, and
// NAME.TAB for each tab. A tab holds the lock NAME.TAB, so that the leader
// notices its end. Messages to the leader:
//   { to: 'leader', type: 'open', tab, stream, run, label, target, id }
//   { to: 'leader', type: 'close', tab, stream }
//   { to: 'leader', type: 'read', tab, stream, run, count }
// and to tabs:
//   { type: 'lead' }                                there is a new leader
//   { type: 'event', stream, run, event, id, data }
//   { type: 'state', stream, run, change }
//   { type: 'end', stream, run, error }
//   { type: 'behind', stream, run }                 too many events are unread
import { BridgeError } from './errors.js';
import { SharedTransport } from './shared.js';
import { Subscription } from './subscription.js';
import { Leader } from './tabs_leader.js';

// A tab says so often what it has read.
const READ_EVERY = 64;

// What of a token changes with each renewal, and what says nothing of rights.
const RENEWED = ['iat', 'exp', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'sid'];

/** Whose token it is: the claims of a JWT that stay, else the token itself. */
function ownerOf(token) {
  try {
    const [, payload] = token.split('.');
    const claims = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    for (const name of RENEWED) delete claims[name];
    return JSON.stringify(Object.entries(claims).sort());
  } catch {
    return token ?? '';
  }
}

/** Tabs share a connection only if they have the same bridge, user and headers. */
export async function nameOf(transport) {
  const { tabs, headers = {}, credentials = '' } = transport.options;
  const token = await transport.token.get();
  const who = [transport.baseUrl, tabs.name ?? ownerOf(token), credentials, headers];
  const bytes = new TextEncoder().encode(JSON.stringify(who));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sse-bridge.${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** This tab among those of one name. */
export class Tab {
  #transport;
  #name;
  #id = crypto.randomUUID();
  #streams = new Map(); // by number; their subscriptions are filled from messages
  #count = 0;
  #leader = null; // set while this tab leads
  #entered = null; // ends the locks
  #held = false; // the others can see this tab's end
  #inbox;
  #all;

  constructor(transport, name) {
    this.#transport = transport;
    this.#name = name;
    const { lifetime } = transport;
    const leave = () => this.#leave();
    const enter = () => lifetime.aborted || this.#enter();
    const listen = (target, type, listener) =>
      target?.addEventListener?.(type, listener, { signal: lifetime });
    // A page that is frozen or in the back/forward cache could not lead.
    listen(globalThis, 'pagehide', leave);
    listen(globalThis, 'pageshow', enter);
    listen(globalThis.document, 'freeze', leave);
    listen(globalThis.document, 'resume', enter);
    lifetime.addEventListener('abort', leave);
    enter();
  }

  async *subscribe(label, target, context) {
    context.signal.throwIfAborted();
    context.onState({ state: 'connecting', attempts: 0 });
    this.#count += 1;
    const subscription = new Subscription(target, context, { positionOnRead: true });
    const stream = { number: this.#count, run: 0, label, subscription, unread: 0 };
    this.#streams.set(stream.number, stream);
    this.#open(stream);
    const leave = () => {
      if (!this.#streams.delete(stream.number)) return;
      this.#tell({ type: 'close', stream: stream.number });
      subscription.end();
    };
    context.signal.addEventListener('abort', leave);
    try {
      for await (const event of subscription.read(context.signal)) {
        yield event;
        this.#read(stream);
      }
    } finally {
      context.signal.removeEventListener('abort', leave);
      leave();
    }
  }

  #read(stream) {
    stream.unread += 1;
    if (stream.unread < READ_EVERY) return;
    const { number, run, unread: count } = stream;
    stream.unread = 0;
    this.#tell({ type: 'read', stream: number, run, count });
  }

  #enter() {
    if (this.#entered !== null) return;
    this.#entered = new AbortController();
    const { signal } = this.#entered;
    const { locks } = globalThis.navigator;
    const onMessage = ({ data }) => this.#receive(data);
    this.#inbox = new BroadcastChannel(`${this.#name}.${this.#id}`);
    this.#all = new BroadcastChannel(this.#name);
    for (const channel of [this.#inbox, this.#all]) {
      channel.addEventListener('message', onMessage);
      channel.unref?.(); // in Node, it does not keep the process
    }
    const hold = (name, held) =>
      locks
        .request(name, { signal }, () => {
          held?.();
          return new Promise((resolve) => {
            if (signal.aborted) resolve();
            signal.addEventListener('abort', resolve);
          });
        })
        .catch(() => {}); // left before it was granted
    hold(`${this.#name}.${this.#id}`, () => {
      this.#held = !signal.aborted;
      for (const stream of this.#streams.values()) this.#open(stream);
    });
    hold(`${this.#name}.leader`, () => this.#lead(signal));
  }

  #leave() {
    if (this.#entered === null) return;
    this.#leader?.stop();
    this.#leader = null;
    this.#entered.abort();
    this.#entered = null;
    this.#held = false;
    this.#inbox.close();
    this.#all.close();
    for (const { subscription } of this.#streams.values()) {
      subscription.onState({ state: 'reconnecting', reason: 'hidden', attempts: 0 });
    }
  }

  #lead(signal) {
    if (signal.aborted) return;
    const shared = new SharedTransport(this.#transport);
    const send = (tab, message) => {
      if (tab === this.#id) this.#receive(message);
      else this.#leader?.channelOf(tab).postMessage(message);
    };
    this.#leader = new Leader(shared, this.#name, send);
    this.#all.postMessage({ type: 'lead' });
    for (const stream of this.#streams.values()) this.#open(stream);
  }

  /** Asks the leader, now or again, for what comes after the last event read. */
  #open(stream) {
    const { number, label, subscription } = stream;
    if (!this.#held) return; // then it is called again
    stream.run += 1;
    stream.unread = 0;
    subscription.clear();
    const { target, id } = subscription;
    this.#tell({ type: 'open', stream: number, run: stream.run, label, target, id });
  }

  #tell(message) {
    if (this.#entered === null) return;
    const whole = { to: 'leader', tab: this.#id, ...message };
    if (this.#leader !== null) this.#leader.receive(whole);
    else this.#all.postMessage(whole);
  }

  #receive(message) {
    if (message.to === 'leader') {
      this.#leader?.receive(message);
      return;
    }
    if (message.type === 'lead') {
      if (this.#leader === null) for (const each of this.#streams.values()) this.#open(each);
      return;
    }
    const stream = this.#streams.get(message.stream);
    if (stream === undefined || stream.run !== message.run) return;
    const { subscription } = stream;
    const { type, event, id, data, change, error } = message;
    if (type === 'event') subscription.push({ event, id, data });
    else if (type === 'state') subscription.onState(unpacked(change));
    else if (type === 'behind') this.#catchUp(stream);
    else if (type === 'end') {
      this.#streams.delete(stream.number);
      subscription.end(error && BridgeError.unpack(error));
    }
  }

  async #catchUp(stream) {
    const { run, subscription } = stream;
    await subscription.whenRead();
    if (stream.run === run && this.#streams.has(stream.number)) this.#open(stream);
  }
}

function unpacked({ error, ...change }) {
  return error === undefined ? change : { ...change, error: BridgeError.unpack(error) };
}
