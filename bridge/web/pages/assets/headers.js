// The list of request headers that the user adds.

import {byId, element} from './dom.js';

const kName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// What fetch ignores without a word (the Fetch standard's forbidden request-headers).
const kForbidden = new RegExp('^(accept-charset|accept-encoding|access-control-request-.*|connection|' +
  'content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|' +
  'transfer-encoding|upgrade|via|proxy-.*|sec-.*)$', 'i');

function problemOf(name, value) {
  if (name === '') return value === '' ? null : 'A header needs a name.';
  if (!kName.test(name)) return `${name} is not the name of a header.`;
  if (kForbidden.test(name)) return `Browsers do not let a page send ${name}.`;
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return `The value of ${name} contains characters that a header cannot carry.`;
  return null;
}

export class HeaderList {
  #rows = [];  // {name, value}
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    byId('add-header').addEventListener('click', () => this.#add());
  }

  // Returns {headers: [[name, value]], problem}. Marks what is wrong.
  read() {
    let problem = null;
    const headers = [];
    for (const {name, value} of this.#rows) {
      const wrong = problemOf(name.value.trim(), value.value);
      name.removeAttribute('aria-invalid');
      if (wrong !== null) name.setAttribute('aria-invalid', 'true');
      problem ??= wrong;
      if (wrong === null && name.value.trim() !== '') headers.push([name.value.trim(), value.value]);
    }
    return {headers, problem};
  }

  #add() {
    const name = element('input', {type: 'text', placeholder: 'X-Name', 'aria-label': 'Header name',
      autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false'});
    const value = element('input', {type: 'text', placeholder: 'value', 'aria-label': 'Header value',
      autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false'});
    const entry = {name, value};
    const row = element('div', {class: 'item'}, name, value, element('button', {
      type: 'button', class: 'plain', 'aria-label': 'Remove the header', onclick: () => {
        this.#rows.splice(this.#rows.indexOf(entry), 1);
        row.remove();
        byId('add-header').focus();
        this.#onChange();
      },
    }, '×'));
    this.#rows.push(entry);
    byId('add-header').before(row);
    name.focus();
  }
}
