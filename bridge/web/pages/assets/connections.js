// The page's connections, each with its state, reconnects and last event id.

import {explain} from './api.js';
import {element, setText} from './dom.js';
import {Stream} from './stream.js';

const kWords = {
  connecting: 'connecting',
  open: 'live',
  waiting: 'reconnecting',
  ended: 'ended',
  failed: 'refused',
  closed: 'closed',
};

export class Connections {
  #root;
  #all = new Map();  // by key: {stream, card}

  constructor(root) {
    this.#root = root;
    window.addEventListener('online', () => {
      for (const {stream} of this.#all.values()) stream.hurry();
    });
    // Counters change with every event; update the page a few times per second.
    setInterval(() => {
      for (const {stream, card} of this.#all.values()) card.count(stream);
    }, 250);
  }

  // Opens a connection, replacing the one with the same key.
  open(key, title, url, options) {
    const before = this.#all.get(key);
    before?.stream.close();
    const card = before?.card ?? new Card();
    const stream = new Stream(url, {
      ...options,
      onState: (changed) => {
        if (this.#all.get(key)?.stream === changed) card.show(changed);
        options.onState?.(changed);
      },
    });
    this.#all.set(key, {stream, card});
    if (before === undefined) this.#root.append(card.node);
    card.name(title, url);
    card.show(stream);
    return stream;
  }

  lastEventId(key) {
    return this.#all.get(key)?.stream.lastEventId ?? '';
  }

  close(key) {
    const found = this.#all.get(key);
    if (found === undefined) return;
    found.stream.close();
    found.card.node.remove();
    this.#all.delete(key);
  }

  forget() {
    for (const key of [...this.#all.keys()]) this.close(key);
    this.#root.replaceChildren();
  }

  tell(text) {
    this.#root.replaceChildren(element('p', {class: 'notice bad', role: 'alert'}, text));
  }
}

class Card {
  #state = element('span', {class: 'state', role: 'status'});
  #title = element('span', {class: 'name'});
  #events = element('b');
  #reconnects = element('b');
  #id = element('div', {class: 'id mono'});
  #error = element('div', {class: 'error', hidden: true});

  constructor() {
    this.node = element('article', {class: 'connection'},
      this.#title, this.#state,
      element('div', {class: 'facts'},
        element('span', {}, this.#events, ' events'),
        element('span', {}, this.#reconnects, ' reconnects')),
      this.#id, this.#error);
  }

  name(title, url) {
    setText(this.#title, title);
    this.node.title = decodeURIComponent(url);
    this.node.setAttribute('aria-label', title);
  }

  show(stream) {
    this.#state.dataset.state = stream.state;
    setText(this.#state, kWords[stream.state]);
    this.#error.hidden = stream.error === null;
    setText(this.#error, stream.error === null ? '' : explain(stream.error));
    this.count(stream);
  }

  count(stream) {
    setText(this.#events, String(stream.events));
    setText(this.#reconnects, String(stream.reconnects));
    setText(this.#id, `last event id: ${stream.lastEventId || 'none'}`);
    this.#id.title = stream.lastEventId;
  }
}
