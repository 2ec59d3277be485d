// A form for any message type of /schema.json.

import {renderComment} from './comment.js';
import {controlFor} from './controls.js';
import {element, labelled} from './dom.js';
import {describeRules} from './rules.js';
import {typeText} from './types.js';

// The form of a message. Omits the fields for which `skip(field)` is true. `path` are
// the fields that the route's path carries, by proto path, with their patterns.
export class MessageForm {
  #fields = [];  // {field, control, wrong}

  constructor(schema, typeName, {skip = () => false, path = {}, depth = 0} = {}) {
    this.node = element('div', {class: 'fields'});
    for (const text of schema.message_rules?.[typeName] ?? []) {
      this.node.append(element('p', {class: 'muted small'}, text));
    }
    for (const field of schema.messages[typeName] ?? []) {
      if (!skip(field)) this.#add(schema, field, path, depth);
    }
    if (this.#fields.length === 0) {
      this.node.append(element('p', {class: 'muted small'}, 'Takes no fields.'));
    }
  }

  // Reads the fields that are set and marks invalid ones. Returns {value, wrong},
  // where `wrong` is the number of invalid fields.
  read() {
    const value = {};
    let wrong = 0;
    for (const {field, control, wrong: place} of this.#fields) {
      const found = control.read();
      let problem = found.problem ?? null;
      if (found.value === undefined && field.rules?.required && problem === null) {
        problem = field.texts?.required ?? 'is required';
      }
      wrong += (problem !== null ? 1 : 0) + (found.wrong ?? 0);
      this.#mark(control, place, problem);
      if (found.value !== undefined) value[field.name] = found.value;
    }
    return {value, wrong};
  }

  // Fills the fields with a value that has proto names. Returns the members that the
  // form does not have.
  write(value) {
    const left = [];
    for (const [name, each] of Object.entries(value ?? {})) {
      const found = this.#fields.find(({field}) => field.name === name);
      if (found === undefined) left.push(name);
      else if (each !== null) found.control.write(each);
    }
    return left;
  }

  // Marks the fields of the bridge's violations. Returns those of other fields.
  mark(violations) {
    return violations.filter(({field: path = '', description}) => {
      const name = path.split(/[.[]/)[0];
      const found = this.#fields.find(({field}) => field.name === name);
      if (found === undefined) return true;
      const rest = path.length > name.length ? `${path}: ` : '';
      this.#mark(found.control, found.wrong, `${rest}${description}`);
      return false;
    });
  }

  focusWrong() {
    this.node.querySelector('[aria-invalid="true"]')?.focus();
  }

  #mark(control, place, problem) {
    place.hidden = problem === null;
    place.textContent = problem ?? '';
    const input = control.input ?? control.node.querySelector('input, select, textarea, button');
    if (problem === null) {
      input?.removeAttribute('aria-invalid');
    } else {
      input?.setAttribute('aria-invalid', 'true');
    }
  }

  #add(schema, field, path, depth) {
    const pattern = path[field.name];
    const below = Object.fromEntries(Object.entries(path)
      .filter(([name]) => name.startsWith(`${field.name}.`))
      .map(([name, each]) => [name.slice(field.name.length + 1), each]));
    const holdsPath = Object.keys(below).length > 0;
    const needed = field.rules?.required || (pattern !== undefined && pattern !== '**') || holdsPath;
    const control = controlFor({
      schema,
      depth,
      hint: pattern !== undefined && pattern !== '*' && pattern !== '**' ? pattern : '',
      makeForm: (typeName) => new MessageForm(schema, typeName, {path: below, depth: depth + 1}),
    }, field);
    const wrong = element('div', {class: 'wrong', role: 'alert', hidden: true});
    const rules = describeRules(field);
    const notes = [typeText(field), field.oneof ? `one of ${field.oneof}` : '',
      pattern !== undefined ? 'in the path' : ''].filter(Boolean).join(', ');
    const title = [
      field.name,
      needed ? element('span', {class: 'needed', title: 'required'}, ' *') : '',
      needed ? element('span', {class: 'visually-hidden'}, ' (required)') : '',
      element('span', {class: 'type'}, notes),
    ];
    let row;
    if (control.input !== undefined) {
      if (needed) control.input.setAttribute('aria-required', 'true');
      row = labelled('', control.node);
      row.firstChild.append(...title);
      row.firstChild.htmlFor = control.input.id ||= `${row.firstChild.htmlFor}-input`;
    } else {
      control.node.setAttribute('role', 'group');
      control.node.setAttribute('aria-label', field.name);
      row = element('div', {class: 'field'}, element('div', {class: 'label'}, ...title), control.node);
    }
    row.append(wrong);
    if (rules !== '' || field.comment) {
      row.append(element('div', {class: 'hint'},
        rules === '' ? null : element('p', {}, rules), ...renderComment(field.comment ?? '')));
    }
    row.dataset.field = field.name;
    this.#fields.push({field, control, wrong});
    this.node.append(row);
    if (holdsPath) control.open?.();
  }
}
