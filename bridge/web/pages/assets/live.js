// The page's one connection. A browser opens at most six HTTP/1.1 connections per
// host, over all its windows, so all streams of a window share one (`/events`).

import {ApiError, base, explain} from './api.js';
import {clock, element, setText} from './dom.js';
import {isTransient, Stream} from './stream.js';
import {authorization, getToken, rejectToken} from './token.js';

// Delay before all streams are reopened after one of them has ended for now.
const kReopenMs = 3000;
// The page is about what happens now, so it does not wait long.
const kMaxRetryMs = 5000;
// Every stream of the page has a keep-alive interval of at most 30 s.
const kSilenceMs = 90_000;
// A window that nobody sees gives up its connection after this time.
const kHiddenMs = 60_000;

const kWords = {
  connecting: 'connecting',
  open: 'live',
  waiting: 'reconnecting',
  ended: 'ended',
  failed: 'refused',
  closed: 'closed',
};

export class Live {
  #receivers;          // by name: {receive(data), opened(), ended(error), reset(), stale(stale)}
  #targets = {};       // what should be streamed, by name
  #over = new Map();   // targets of streams that have ended for good, by name
  #away = new Map();   // since when the backend of a stream is away, by name
  #lost = null;        // since when there is no connection
  #told = new Map();   // what receivers were told last, by name
  #stream = null;
  #status;
  #reopen;
  #events = 0;
  #reconnects = 0;

  constructor(root, receivers) {
    this.#receivers = receivers;
    this.#status = new Status(root);
    window.addEventListener('online', () => this.#stream?.hurry());
    window.addEventListener('pageshow', (event) => event.persisted && this.#stream?.hurry());
    // Counters change with every event; update the page a few times per second.
    setInterval(() => this.#count(), 250);
    let hiding;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hiding);
      if (document.hidden) {
        hiding = setTimeout(() => this.#stream?.close(), kHiddenMs);
      } else if (this.#stream?.state === 'closed') {
        this.#connect([]);
      } else {
        this.#stream?.hurry();
      }
    });
  }

  // Streams these targets, by name. Streams whose target has not changed continue
  // after their last event.
  set(targets) {
    const names = Object.keys({...targets, ...this.#targets});
    const changed = names.filter((name) => targets[name] !== this.#targets[name]);
    this.#targets = targets;
    for (const name of changed) this.#forget(name);
    if (changed.length > 0) this.#connect(changed);
  }

  // Streams one of them again that has ended.
  again(name) {
    if (!this.#over.has(name)) return;
    this.#forget(name);
    this.#connect([name]);
  }

  close() {
    clearTimeout(this.#reopen);
    this.#stream?.close();
    this.#stream = null;
    this.#targets = {};
    this.#over.clear();
    this.#away.clear();
    this.#lost = null;
    this.#show();
  }

  #forget(name) {
    this.#over.delete(name);
    this.#away.delete(name);
  }

  #connect(changed) {
    clearTimeout(this.#reopen);
    const before = this.#stream;
    this.#events += before?.events ?? 0;
    this.#reconnects += before?.reconnects ?? 0;
    before?.close();
    const names = Object.keys(this.#targets).filter((name) => !this.#over.has(name));
    if (names.length === 0) {
      this.#stream = null;
      return this.#status.show(null, '', []);
    }
    const query = names.map((name) => `stream=${encodeURIComponent(`${name}:${this.#targets[name]}`)}`);
    const sent = getToken();
    this.#stream = new Stream(`/events?${query.join('&')}`, {
      lastEventId: (before?.lastEventId ?? '').split('&')
        .filter((part) => !changed.includes(part.split('=')[0])).join('&'),
      maxRetryMs: kMaxRetryMs,
      silenceMs: kSilenceMs,
      onEvent: (event) => this.#receive(event),
      onState: (stream) => stream === this.#stream && this.#changed(stream, names, sent),
    });
    this.#show();
  }

  #receive({name, data}) {
    const about = JSON.parse(data);
    if (name in this.#receivers) return this.#receivers[name].receive(about);
    const part = about.stream;
    if (!(part in this.#targets)) return;
    if (name === 'grpc-status') {
      this.#ended(part, about);
    } else if (name === 'reset') {
      this.#receivers[part].reset?.();
    } else if (name === 'upstream') {
      if (about.state === 'away') {
        this.#away.set(part, this.#away.get(part) ?? new Date());
      } else {
        this.#away.delete(part);
        this.#receivers[part].opened?.();
      }
      this.#show();
    }
  }

  // One of the streams has ended. The others continue.
  #ended(part, status) {
    if (isTransient(status)) {
      this.#away.set(part, this.#away.get(part) ?? new Date());
      clearTimeout(this.#reopen);
      this.#reopen = setTimeout(() => this.#connect([]), kReopenMs);
    } else {
      this.#over.set(part, this.#targets[part]);
      this.#receivers[part].ended?.(status.code === 0 ? null : ApiError.ofStatus(status));
    }
    this.#show();
  }

  #changed(stream, names, sent) {
    if (stream.state === 'open') {
      this.#lost = null;
      this.#away.clear();
      for (const name of names) this.#receivers[name].opened?.();
    } else if (stream.state === 'waiting') {
      this.#lost ??= new Date();
    } else if (stream.state === 'failed') {
      const {error} = stream;
      if (error.status === 'UNAUTHENTICATED') {
        rejectToken(sent, error.message);
      } else {
        this.#findRefused(names, error);
      }
    }
    if (stream === this.#stream) this.#show();
  }

  // The bridge refuses a connection if it refuses one of its streams. Asks for
  // each, and goes on without those that are refused.
  async #findRefused(names, error) {
    const targets = this.#targets;
    const answers = await Promise.all(names.map((name) =>
      fetch(base + targets[name], {method: 'HEAD', headers: authorization(), cache: 'no-store'})
        .then(({status}) => status >= 400 && status < 500, () => false)));
    if (targets !== this.#targets) return;
    const refused = names.filter((_, i) => answers[i]);
    if (refused.length === 0 || refused.length === names.length) return;
    for (const name of refused) {
      this.#over.set(name, targets[name]);
      this.#receivers[name].ended?.(error);
    }
    this.#connect([]);
  }

  #show() {
    for (const [name, receiver] of Object.entries(this.#receivers)) {
      const stale = this.#staleness(name);
      if (this.#told.get(name)?.since === stale?.since) continue;
      this.#told.set(name, stale);
      receiver.stale?.(stale);
    }
    this.#status.show(this.#stream, this.#problem(), [...this.#away.keys()]);
    this.#count();
  }

  #staleness(name) {
    const isStreamed = name in this.#targets && !this.#over.has(name);
    if (this.#lost !== null && isStreamed) return {why: 'no connection', since: this.#lost};
    const since = this.#away.get(name);
    return since === undefined ? null : {why: 'backend away', since};
  }

  #problem() {
    if (this.#lost !== null) {
      const {error} = this.#stream;
      return `No connection since ${clock(this.#lost)}. ${error ? `${explain(error)} ` : ''}` +
        'The page tries again by itself; what it shows is from before.';
    }
    if (this.#away.size > 0) {
      const since = new Date(Math.min(...this.#away.values()));
      return `Backend away since ${clock(since)}. The bridge keeps this connection open and ` +
        'continues when the backend is back; what the page shows is from before.';
    }
    return this.#stream?.state === 'failed' ? explain(this.#stream.error) : '';
  }

  #count() {
    this.#status.count(this.#events + (this.#stream?.events ?? 0),
      this.#reconnects + (this.#stream?.reconnects ?? 0), this.#stream?.lastEventId ?? '');
  }
}

// The state of the connection, in words.
class Status {
  #state = element('span', {class: 'state', role: 'status', 'data-state': 'connecting'}, 'connecting');
  #events = element('b', {}, '0');
  #reconnects = element('b', {}, '0');
  #id = element('span', {class: 'id'}, 'no event id yet');
  #problem = element('p', {class: 'outage', role: 'alert', hidden: true});

  constructor(root) {
    root.append(this.#state,
      element('span', {}, this.#events, ' events'),
      element('span', {}, this.#reconnects, ' reconnects'),
      this.#id, this.#problem);
  }

  show(stream, problem, away) {
    const state = stream?.state ?? 'closed';
    const stale = state === 'open' && away.length > 0;
    this.#state.dataset.state = stale ? 'stale' : state;
    setText(this.#state, stale ? 'backend away' : kWords[state]);
    this.#problem.hidden = problem === '';
    setText(this.#problem, problem);
  }

  count(events, reconnects, id) {
    setText(this.#events, String(events));
    setText(this.#reconnects, String(reconnects));
    setText(this.#id, id === '' ? 'no event id yet' : `last event id: ${id}`);
    this.#id.title = id;
  }
}
