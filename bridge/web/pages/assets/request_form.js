// The request of a method: a form with its fields, or its JSON as text.

import {byId, element, labelled, setText} from './dom.js';
import {MessageForm} from './form.js';
import {parseTemplate} from './request.js';
import {isText, withProtoNames} from './types.js';

// A query cannot carry lists and maps of messages. The client must not set the
// field that the identity sets.
function isShown(field, method, route) {
  if (field.name === method.access?.subject_into) return false;
  if (route.body === '*' || route.body === field.name) return true;
  return isText(field) || (!field.map && !field.repeated);
}

export class RequestForm {
  #schema;
  #method;
  #route;
  #form = null;
  #wildcards = {};
  #resume = null;
  #asJson = false;
  #onChange;

  constructor(schema, onChange) {
    this.#schema = schema;
    this.#onChange = onChange;
    byId('form').addEventListener('input', onChange);
    byId('view-form').addEventListener('click', () => this.#toForm());
    byId('view-json').addEventListener('click', () => this.#toJson());
  }

  // Shows the form of a method and a route, filled with `state` (see address.js).
  show(method, route, state) {
    this.#method = method;
    this.#route = route;
    this.#wildcards = {...state.wildcards};
    this.#build(state.request);
    this.#resume = null;
    byId('resume').hidden = !method.streaming;
    if (method.streaming) {
      this.#resume = element('input', {type: 'text', autocomplete: 'off', placeholder: 'id to resume from (optional)'});
      this.#resume.value = state.id;
      byId('resume').replaceChildren(element('div', {class: 'fields'}, labelled('Last-Event-ID', this.#resume)));
    }
    byId('json').value = state.json ?? '';
    this.#view(state.json !== null && state.json !== undefined);
  }

  // What the URL keeps of it.
  state() {
    return {
      request: this.#asJson ? {} : this.#form.read().value,
      json: this.#asJson ? byId('json').value : null,
      wildcards: this.#wildcards,
      id: this.#resume?.value ?? '',
    };
  }

  // Reads and marks the fields. Returns {value (with proto names), wildcards,
  // lastEventId, wrong, problem}.
  read() {
    const rest = {wildcards: this.#wildcards, lastEventId: this.#resume?.value ?? ''};
    if (!this.#asJson) return {...this.#form.read(), ...rest, problem: ''};
    const area = byId('json');
    area.removeAttribute('aria-invalid');
    const {value, problem} = this.#parse();
    if (problem !== '') area.setAttribute('aria-invalid', 'true');
    return {value, ...rest, wrong: problem === '' ? 0 : 1, problem};
  }

  // Marks the fields of the bridge's violations. Returns those of other fields.
  mark(violations) {
    return this.#asJson ? violations : this.#form.mark(violations);
  }

  focusWrong() {
    byId('form').querySelector('[aria-invalid="true"]')?.focus();
  }

  clearMarks() {
    for (const node of byId('form').querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
    for (const node of byId('fields').querySelectorAll('.wrong')) node.hidden = true;
  }

  // Returns the members that the form does not have.
  #build(request) {
    const parts = parseTemplate(this.#route.path);
    const path = Object.fromEntries(parts.filter((part) => part.field).map(({field, pattern}) => [field, pattern]));
    const form = new MessageForm(this.#schema, this.#method.request,
      {skip: (field) => !isShown(field, this.#method, this.#route), path});
    const left = form.write(withProtoNames(this.#schema, this.#method.request, request));
    this.#form = form;
    byId('fields').replaceChildren(
      ...parts.filter((part) => part.wildcard).map(({wildcard}) => {
        const input = element('input', {type: 'text', autocomplete: 'off', 'aria-required': 'true'});
        input.value = this.#wildcards[wildcard] ?? '';
        input.addEventListener('input', () => (this.#wildcards[wildcard] = input.value));
        const row = labelled(`Path: ${wildcard}`, input);
        row.firstChild.append(element('span', {class: 'needed', title: 'required'}, ' *'));
        return element('div', {class: 'fields'}, row);
      }),
      form.node);
    return left;
  }

  #parse() {
    const text = byId('json').value.trim();
    try {
      const value = text === '' ? {} : JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return {value: {}, problem: 'The request must be a JSON object.'};
      }
      return {value: withProtoNames(this.#schema, this.#method.request, value), problem: ''};
    } catch (error) {
      return {value: {}, problem: `The request is not JSON: ${error.message}`};
    }
  }

  #toJson() {
    if (this.#asJson) return;
    const {value} = this.#form.read();
    this.clearMarks();
    byId('json').value = JSON.stringify(value, null, 2);
    this.#view(true);
    this.#onChange();
  }

  // Stays if the form could not show the whole request.
  #toForm() {
    if (!this.#asJson) return;
    const {value, problem} = this.#parse();
    let trouble = problem;
    if (trouble === '') {
      const left = this.#build(value);
      if (left.length > 0) trouble = `The form has no field ${left.join(', ')}.`;
    }
    if (trouble === '') this.#view(false);
    this.#onChange();
    byId('form-error').hidden = trouble === '';
    setText(byId('form-error'), trouble);
  }

  #view(asJson) {
    this.#asJson = asJson;
    byId('fields').hidden = asJson;
    byId('json-box').hidden = !asJson;
    byId('view-form').setAttribute('aria-pressed', String(!asJson));
    byId('view-json').setAttribute('aria-pressed', String(asJson));
  }
}
