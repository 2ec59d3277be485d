// The panel with the code of the request, in several languages.

import {byId, copy, element} from './dom.js';
import {kLanguages, languagesFor} from './snippets.js';
import {getToken} from './token.js';

export class SnippetPanel {
  #tabs = new Map();  // by language
  #chosen = 'curl';
  #shown = 'curl';
  #request = null;
  #onChange;

  // `onChange` is called when another language is chosen.
  constructor(onChange) {
    this.#onChange = onChange;
    for (const name of Object.keys(kLanguages)) {
      this.#tabs.set(name, element('button',
        {type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': 'snippet', onclick: () => this.#choose(name)}, name));
    }
    byId('code-tabs').append(...this.#tabs.values());
    byId('code-tabs').addEventListener('keydown', (event) => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (step === undefined) return;
      const names = [...this.#tabs.keys()].filter((name) => !this.#tabs.get(name).hidden);
      const next = names[(names.indexOf(this.#shown) + step + names.length) % names.length];
      this.#choose(next);
      this.#tabs.get(next).focus();
    });
    byId('copy').addEventListener('click', () => copy(byId('snippet').textContent, byId('copy')));
    byId('with-token').addEventListener('change', () => this.show(this.#request));
  }

  get language() {
    return this.#chosen;
  }

  set language(name) {
    if (this.#tabs.has(name)) this.#chosen = name;
  }

  #choose(name) {
    this.#chosen = name;
    this.show(this.#request);
    this.#onChange();
  }

  show(request) {
    this.#request = request;
    if (request === null) return;
    const possible = languagesFor(request);
    this.#shown = possible.includes(this.#chosen) ? this.#chosen : possible[0];
    for (const [name, tab] of this.#tabs) {
      tab.hidden = !possible.includes(name);
      tab.setAttribute('aria-selected', String(name === this.#shown));
      tab.tabIndex = name === this.#shown ? 0 : -1;
    }
    const hasToken = request.authenticated && getToken() !== '';
    byId('with-token-box').hidden = !hasToken;
    const token = hasToken && byId('with-token').checked ? getToken() : '';
    const text = kLanguages[this.#shown]({...request, token});
    const snippet = byId('snippet');
    snippet.setAttribute('aria-labelledby', `tab-${this.#shown}`);
    // A token is long: it is shown short, and copied whole.
    const parts = token === '' ? [text] : text.split(token);
    snippet.replaceChildren(...parts.flatMap((part, i) =>
      (i === 0 ? [part] : [element('span', {class: 'token', title: 'the whole token is copied'}, token), part])));
  }
}
