// The stream explorer: all methods of the schema that the bridge has loaded, from
// /schema.json. It is not specific to any service.

import {fragmentOf, readAddress, writeAddress} from './address.js';
import {ApiError, explain, readSchema} from './api.js';
import {Catalogue} from './catalogue.js';
import {renderComment} from './comment.js';
import {byId, element, setText} from './dom.js';
import {EventTable} from './events.js';
import {HeaderList} from './headers.js';
import {History} from './history.js';
import {makeRequest} from './request.js';
import {RequestForm} from './request_form.js';
import {Runner} from './runner.js';
import {SnippetPanel} from './snippet_panel.js';
import {missing, onTokenChange, tokenProblem} from './token.js';
import {mountTokenBox, showTrouble} from './token_box.js';
import {isMapField, withJsonNames} from './types.js';

// The bridge's own stream, which is not a method of the schema.
const kBundle = {
  name: 'events',
  full_name: 'sse-bridge/events',
  streaming: true,
  description: 'Many streams on one connection. Each is PATH or NAME:PATH, such as ' +
    '`/prices/stream?symbols=A`; without any, those that the schema carries by default.',
  routes: [{verb: 'GET', path: '/events'}],
  request: 'sse-bridge/EventsRequest',
  access: {authenticated: true},
  stream: {event_from: 'the stream', resume_into: 'all streams'},
};

class Explorer {
  #schema;
  #method = null;
  #catalogue;
  #form;
  #headers;
  #snippets;
  #history = new History();
  #table = new EventTable({
    onFilter: () => this.#save(),
    fileName: () => `${this.#method.name}-events.ndjson`,
  });
  #runner = new Runner(this.#table, {
    explainAndMark: (error) => this.#explainAndMark(error),
    onNames: () => this.#showSnippet(),
  });

  constructor(schema) {
    this.#schema = schema;
    this.#catalogue = new Catalogue(schema, () => this.#save());
    this.#form = new RequestForm(schema, () => this.#changed());
    this.#headers = new HeaderList(() => this.#changed());
    this.#snippets = new SnippetPanel(() => this.#save());
    byId('route').addEventListener('change', () => this.#showForm(this.#state()));
    byId('form').addEventListener('submit', (event) => this.#submit(event));
    window.addEventListener('hashchange', () => this.#follow());
    this.#follow();
    onTokenChange(() => {
      if (this.#method === null) return;
      this.#showAccess();
      this.#showSnippet();
    });
  }

  #methods() {
    return this.#schema.services.flatMap((service) => service.methods);
  }

  #route() {
    return this.#method.routes[Number(byId('route').value)];
  }

  // Shows what the address says.
  #follow() {
    const state = readAddress();
    const all = this.#methods();
    const found = all.find((each) => each.full_name === state.method) ?? this.#method ?? all[0];
    if (found === undefined) {
      setText(byId('loading'), ['This schema has no methods with HTTP routes.',
        ...(this.#schema.not_served ?? []).map(({reason}) => reason)].join('\n'));
      return;
    }
    byId('loading').hidden = true;
    byId('columns').hidden = false;
    const isNew = found !== this.#method;
    const isFirst = this.#method === null;
    if (!isNew && state.method !== found.full_name) return this.#save();
    this.#method = found;
    if (isNew) this.#showMethod();
    // A link to a method alone changes nothing else.
    if (isFirst || state.find !== '') this.#catalogue.find = state.find;
    if (state.code !== '') this.#snippets.language = state.code;
    this.#table.filter = state.filter;
    // A route that EventSource can open goes first.
    const get = found.routes.findIndex((each) => each.verb === 'GET');
    const route = Number(state.route);
    byId('route').value = String(state.route !== '' && route in found.routes ? route : Math.max(0, get));
    this.#showForm(state);
    if (isNew && !isFirst) byId('method').focus({preventScroll: false});
  }

  #showMethod() {
    const method = this.#method;
    this.#runner.reset(method.streaming === true);
    this.#tellForm('');
    setText(byId('method-name'), method.name);
    document.title = `${method.name} · Stream explorer · sse-bridge`;
    byId('method-description').replaceChildren(...renderComment(method.description ?? method.summary ?? ''));
    byId('method-badges').replaceChildren(...badges(method));
    byId('route').replaceChildren(...method.routes.map((each, i) =>
      element('option', {value: String(i)}, `${each.verb === '*' ? 'ANY' : each.verb}  ${each.path}`)));
    byId('route').disabled = method.routes.length === 1;
    byId('reconnect-box').hidden = !method.streaming;
    setText(byId('go'), method.streaming ? 'Open stream' : 'Send request');
    this.#catalogue.select(method);
    this.#showAccess();
  }

  #showForm(state) {
    this.#form.show(this.#method, this.#route(), state);
    this.#changed();
  }

  #showAccess() {
    const reason = missing(this.#method.access);
    const problem = tokenProblem();
    const text = reason === null ? '' :
      problem === null || problem.kind === 'none' ? reason : `${reason} ${problem.text}`;
    byId('access-notice').hidden = text === '';
    setText(byId('access-notice'), text);
  }

  #state() {
    return {
      method: this.#method.full_name,
      route: byId('route').disabled ? '' : byId('route').value,
      ...this.#form.state(),
      code: this.#snippets.language === 'curl' ? '' : this.#snippets.language,
      filter: this.#table.filter,
      find: this.#catalogue.find,
    };
  }

  #save() {
    if (this.#method !== null) writeAddress(this.#state());
  }

  // Does not mark fields that have not been filled in yet.
  #changed() {
    this.#showSnippet();
    this.#save();
    this.#form.clearMarks();
  }

  #showSnippet() {
    this.#snippets.show(this.#request());
    this.#form.clearMarks();
  }

  #request() {
    const method = this.#method;
    const {value, wildcards, lastEventId, wrong, problem} = this.#form.read();
    const {headers, problem: headerProblem} = this.#headers.read();
    const request = makeRequest(this.#route(), value, wildcards,
      (path) => isMapField(this.#schema, method.request, path));
    return {
      ...request,
      wrong,
      problem: problem || headerProblem || '',
      value: method.json_names ? withJsonNames(this.#schema, method.request, value) : value,
      name: method.name,
      client: method.client,
      streaming: method.streaming === true,
      raw: method.response === 'google.api.HttpBody',
      authenticated: method.access?.authenticated === true,
      stream: method.stream,
      lastEventId,
      headers,
      names: [...this.#table.names].filter((name) => name !== 'message'),
    };
  }

  #tellForm(text) {
    byId('form-error').hidden = text === '';
    setText(byId('form-error'), text);
  }

  #explainAndMark(error) {
    const left = error instanceof ApiError ? this.#form.mark(error.violations) : [];
    this.#form.focusWrong();
    return [explain(error), ...left.map(({field, description}) => `${field}: ${description}`)].join('\n');
  }

  async #submit(event) {
    event.preventDefault();
    this.#form.clearMarks();
    const request = this.#request();
    const left = this.#form.mark(request.problems);
    this.#tellForm([request.problem, ...left.map(({field, description}) => `${field}: ${description}`)]
      .filter(Boolean).join('\n'));
    if (request.wrong > 0 || request.problem !== '' || request.problems.length > 0) {
      return this.#form.focusWrong();
    }
    const tell = this.#history.add({
      fragment: fragmentOf(this.#state()),
      kind: request.streaming ? 'STREAM' : request.verb,
      name: this.#method.name,
      url: request.url,
    });
    if (request.streaming) return this.#runner.open(request, tell);
    const error = await this.#runner.send(request, tell);
    if (error !== null) this.#tellForm(this.#explainAndMark(error));
  }
}

function badges({access = {}, stream: traits = {}, streaming}) {
  const badge = (text, kind = '', title = '') => element('span', {class: `badge ${kind}`, title}, text);
  return [
    streaming ? badge('stream', 'good') : badge('unary', 'accent'),
    ...(access.roles ?? []).map((group) => badge(`role ${group.join(' or ')}`)),
    ...(access.scopes ?? []).map((group) => badge(group.join(' or '))),
    access.authenticated && !access.roles && !access.scopes ? badge('any user') : null,
    access.authenticated ? null : badge('public'),
    traits.id_from || traits.resume_into ? badge('resumes', '', 'supports Last-Event-ID') : null,
  ].filter(Boolean);
}

async function start() {
  const openBox = mountTokenBox(byId('top'));
  const schema = await readSchema((why, isToken) => showTrouble(byId('loading'), why, isToken, openBox));
  if (schema === null) return;
  setText(byId('loading'), '');
  byId('dashboard-link').hidden = !schema.services.some(({name}) => name.startsWith('realtime.v1.'));
  setText(byId('version'), schema.version ? `version ${schema.version}` : '');
  schema.messages[kBundle.request] = [{name: 'stream', type: 'string', repeated: true}];
  if (schema.services.some((service) => service.methods.some((each) => each.streaming))) {
    schema.services.push({name: 'The bridge itself', methods: [kBundle]});
  }
  new Explorer(schema);
}

start();
