// The requests of this tab, newest first. Each is a link to the form as it was. Kept
// in sessionStorage: no other tab sees them. Tokens and headers are not kept.

import {byId, clock, element} from './dom.js';

const kKey = 'sse-bridge-history';
const kKept = 30;

function load() {
  try {
    const found = JSON.parse(sessionStorage.getItem(kKey));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

export class History {
  #all = load();  // {fragment, kind, name, url, time, status}

  constructor() {
    byId('forget').addEventListener('click', () => {
      this.#all = [];
      this.#save();
    });
    this.#show();
  }

  // Returns a function that sets the entry's status.
  add(entry) {
    const added = {...entry, time: clock(new Date()), status: ''};
    this.#all.unshift(added);
    this.#all.splice(kKept);
    this.#save();
    return (status) => {
      if (added.status === status || !this.#all.includes(added)) return;
      added.status = status;
      this.#save();
    };
  }

  #save() {
    try {
      sessionStorage.setItem(kKey, JSON.stringify(this.#all));
    } catch {
      // The storage is full: the page goes on without.
    }
    this.#show();
  }

  #show() {
    byId('history').hidden = this.#all.length === 0;
    byId('history-list').replaceChildren(...this.#all.map(({fragment, kind, name, url, time, status}) =>
      element('li', {},
        element('a', {href: fragment},
          element('span', {class: 'muted'}, time),
          element('span', {class: `kind ${kind === 'STREAM' ? 'stream' : ''}`}, kind),
          element('b', {}, name),
          element('span', {class: 'url mono muted', title: url}, url),
          element('span', {class: 'muted'}, status)))));
  }
}
