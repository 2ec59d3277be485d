// The list of methods, by service, with a search.

import {renderComment} from './comment.js';
import {byId, element, setText} from './dom.js';

export class Catalogue {
  #schema;
  #selected = null;

  // `onFind` is called when the search changes.
  constructor(schema, onFind) {
    this.#schema = schema;
    byId('find').addEventListener('input', () => {
      this.#show();
      onFind();
    });
    byId('open-catalogue').addEventListener('click', () =>
      this.#toggle(!byId('catalogue').classList.contains('open')));
  }

  get find() {
    return byId('find').value;
  }

  set find(text) {
    byId('find').value = text;
    this.#show();
  }

  select(method) {
    this.#selected = method;
    setText(byId('open-catalogue'), `Methods · ${method.name}`);
    this.#toggle(false);
    this.#show();
  }

  #toggle(open) {
    byId('catalogue').classList.toggle('open', open);
    byId('open-catalogue').setAttribute('aria-expanded', String(open));
  }

  #show() {
    const find = this.find.trim().toLowerCase();
    const services = this.#schema.services.map((service) => {
      const methods = service.methods.filter((each) =>
        `${each.full_name} ${each.routes.map((r) => r.path).join(' ')}`.toLowerCase().includes(find));
      return methods.length === 0 ? null : element('section', {},
        element('h2', {}, service.name),
        find === '' && service.comment ?
          element('div', {class: 'about small muted'}, ...renderComment(service.comment).slice(0, 1)) : null,
        element('ul', {}, ...methods.map((each) => this.#item(each))));
    }).filter(Boolean);
    byId('services').replaceChildren(...(services.length > 0 ? services :
      [element('p', {class: 'empty'}, 'No method matches.')]));
  }

  #item(method) {
    return element('li', {},
      element('a', {
        href: `#${method.full_name}`,
        'aria-current': method === this.#selected ? 'page' : undefined,
      },
      element('span', {class: `kind ${method.streaming ? 'stream' : ''}`},
        method.streaming ? 'STREAM' : method.routes[0].verb),
      element('span', {class: 'method'}, method.name),
      element('span', {class: 'path mono'}, method.routes[0].path)));
  }
}
