// The stream explorer: all methods of the schema that the bridge has loaded, from
// /schema.json. It is not specific to any service.

import {ApiError, base, explain, readSchema} from './api.js';
import {byId, copy, element, labelled, setText} from './dom.js';
import {EventTable} from './events.js';
import {isMapField, isText, MessageForm, withJsonNames} from './form.js';
import {makeRequest, parseTemplate} from './request.js';
import {curl, eventSource, typescript} from './snippets.js';
import {Stream} from './stream.js';
import {authorization, missing, mountTokenBox, onTokenChange} from './token.js';

const kLanguages = {curl, EventSource: eventSource, TypeScript: typescript};

// The bridge's own stream, which is not a method of the schema.
const kBundle = {
  name: 'events',
  full_name: 'sse-bridge/events',
  streaming: true,
  description: 'Many streams on one connection. Each is PATH or NAME:PATH, such as ' +
    '/prices/stream?symbols=A; without any, those that the schema carries by default.',
  routes: [{verb: 'GET', path: '/events'}],
  request: 'sse-bridge/EventsRequest',
  access: {authenticated: true},
  stream: {event_from: 'the stream', resume_into: 'all streams'},
};

const table = new EventTable();
let schema;
let method = null;
let form = null;
let wildcards = {};
let resume = null;
let stream = null;
let language = 'curl';

const allMethods = () => schema.services.flatMap((service) => service.methods);
const route = () => method.routes[Number(byId('route').value)];

function showCatalogue() {
  const find = byId('find').value.trim().toLowerCase();
  byId('services').replaceChildren(...schema.services.map((service) => {
    const methods = service.methods.filter((each) =>
      `${each.full_name} ${each.routes.map((r) => r.path).join(' ')}`.toLowerCase().includes(find));
    return methods.length === 0 ? '' : element('section', {},
      element('h2', {}, service.name),
      element('ul', {}, ...methods.map((each) => element('li', {},
        element('a', {
          href: `#${each.full_name}`,
          'aria-current': each === method ? 'page' : undefined,
        },
        element('span', {class: `kind ${each.streaming ? 'stream' : ''}`},
          each.streaming ? 'STREAM' : each.routes[0].verb),
        element('span', {class: 'method'}, each.name),
        element('span', {class: 'path mono'}, each.routes[0].path))))));
  }));
}

function badges() {
  const {access = {}, stream: traits = {}, streaming} = method;
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

// A query cannot carry lists and maps of messages. The client must not set the
// field that the identity sets.
function isShown(field, chosen) {
  if (field.name === method.access?.subject_into) return false;
  if (chosen.body === '*' || chosen.body === field.name) return true;
  return isText(field) || (!field.map && !field.repeated);
}

function showForm() {
  const chosen = route();
  form = new MessageForm(schema, method.request, {skip: (field) => !isShown(field, chosen)});
  wildcards = {};
  const unnamed = parseTemplate(chosen.path).filter((part) => part.wildcard);
  byId('fields').replaceChildren(
    ...unnamed.map((part) => {
      const input = element('input', {type: 'text', autocomplete: 'off'});
      input.addEventListener('input', () => (wildcards[part.wildcard] = input.value));
      return element('div', {class: 'fields'}, labelled(`Path: ${part.wildcard}`, input));
    }),
    form.node);
  showSnippet();
}

function showMethod() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = allMethods().find((each) => each.full_name === wanted) ?? allMethods()[0];
  byId('loading').hidden = found !== undefined;
  if (found === undefined) {
    setText(byId('loading'), ['This schema has no methods with HTTP routes.',
      ...(schema.not_served ?? []).map(({reason}) => reason)].join('\n'));
    return;
  }
  if (found === method) return;
  method = found;
  stop();
  table.clear();
  for (const id of ['request', 'code']) byId(id).hidden = false;
  for (const id of ['events', 'answer', 'form-error']) byId(id).hidden = true;
  setText(byId('method-name'), method.name);
  document.title = `${method.name} · Stream explorer · sse-bridge`;
  setText(byId('method-description'), method.description ?? method.summary ?? '');
  byId('method-badges').replaceChildren(...badges());
  byId('route').replaceChildren(...method.routes.map((each, i) =>
    element('option', {value: String(i)}, `${each.verb === '*' ? 'ANY' : each.verb}  ${each.path}`)));
  // Select a route that EventSource can open first.
  const get = method.routes.findIndex((each) => each.verb === 'GET');
  byId('route').value = String(Math.max(0, get));
  byId('route').disabled = method.routes.length === 1;
  resume = null;
  byId('resume').hidden = !method.streaming;
  if (method.streaming) {
    resume = element('input', {type: 'text', autocomplete: 'off', placeholder: 'id to resume from (optional)'});
    byId('resume').replaceChildren(element('div', {class: 'fields'}, labelled('Last-Event-ID', resume)));
  }
  byId('reconnect-box').hidden = !method.streaming;
  setText(byId('go'), method.streaming ? 'Open stream' : 'Send request');
  setText(byId('open-catalogue'), `Methods · ${method.name}`);
  toggleCatalogue(false);
  showAccess();
  showCatalogue();
  showForm();
}

function showAccess() {
  const reason = method === null ? null : missing(method.access);
  byId('access-notice').hidden = reason === null;
  setText(byId('access-notice'), reason ?? '');
}

function currentRequest() {
  const {value, wrong} = form.read();
  const request = makeRequest(route(), value, wildcards,
    (path) => isMapField(schema, method.request, path));
  return {
    ...request,
    wrong,
    value: method.json_names ? withJsonNames(schema, method.request, value) : value,
    client: method.client,
    streaming: method.streaming,
    authenticated: method.access?.authenticated,
    stream: method.stream,
    lastEventId: resume?.value ?? '',
    names: [...table.names].filter((name) => name !== 'message'),
  };
}

// Does not mark fields that have not been filled in yet.
function showSnippet() {
  const request = currentRequest();
  clearMarks();
  setText(byId('snippet'), kLanguages[language](request));
}

function clearMarks() {
  for (const node of byId('fields').querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
  for (const node of byId('fields').querySelectorAll('.wrong')) node.hidden = true;
}

function tellForm(text) {
  byId('form-error').hidden = text === '';
  setText(byId('form-error'), text);
}

function tellError(error) {
  const left = error instanceof ApiError ? form.mark(error.violations) : [];
  form.focusWrong();
  return [explain(error), ...left.map(({field, description}) => `${field}: ${description}`)].join('\n');
}

function stop() {
  stream?.close();
  stream = null;
  byId('stop').hidden = true;
}

function openStream(request) {
  stop();
  table.clear();
  byId('events').hidden = false;
  byId('answer').hidden = true;
  byId('stop').hidden = false;
  const opened = new Stream(request.url, {
    verb: request.verb,
    body: request.body,
    contentType: request.contentType,
    lastEventId: request.lastEventId,
    reconnect: byId('reconnect').checked,
    onEvent: (event) => {
      const known = table.names.size;
      table.add(event);
      if (table.names.size !== known && language === 'EventSource') showSnippet();
    },
    onComment: (comment) => table.add({comment}),
    onState: () => showState(opened),
  });
  stream = opened;
  showState(opened);
}

function showState(shown) {
  if (stream !== null && shown !== stream) return;
  const node = byId('stream-state');
  node.dataset.state = shown.state;
  setText(node, {open: 'live', waiting: 'reconnecting', failed: 'refused'}[shown.state] ?? shown.state);
  byId('stream-error').hidden = shown.error === null;
  setText(byId('stream-error'), shown.error === null ? '' : tellError(shown.error));
  byId('stop').hidden = ['ended', 'failed', 'closed'].includes(shown.state);
  showFacts(shown);
}

function showFacts(shown) {
  if (shown !== null) setText(byId('facts'), table.facts(shown));
}

async function send(request) {
  byId('answer').hidden = false;
  byId('events').hidden = true;
  const started = performance.now();
  const status = byId('answer-status');
  setText(status, 'sending…');
  status.className = 'badge';
  try {
    const response = await fetch(base + request.url, {
      method: request.verb,
      headers: {
        ...authorization(),
        ...(request.body === undefined ? {} : {'Content-Type': request.contentType}),
      },
      body: request.body,
      cache: 'no-store',
    });
    const text = await response.text();
    let shown = text;
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Not JSON: show it unchanged.
    }
    setText(byId('answer-body'), shown);
    setText(status, `${response.status} · ${Math.round(performance.now() - started)} ms`);
    status.className = `badge ${response.ok ? 'good' : 'bad'}`;
    if (!response.ok) {
      tellForm(tellError(await ApiError.from(new Response(text, {status: response.status}))));
    }
  } catch (error) {
    setText(byId('answer-body'), '');
    setText(status, explain(error));
    status.className = 'badge bad';
  }
}

function submit(event) {
  event.preventDefault();
  clearMarks();
  const request = currentRequest();
  const left = form.mark(request.problems);
  tellForm(left.map(({field, description}) => `${field}: ${description}`).join('\n'));
  if (request.wrong > 0 || request.problems.length > 0) return form.focusWrong();
  if (method.streaming) {
    openStream(request);
  } else {
    send(request);
  }
}

function toggleCatalogue(open) {
  byId('catalogue').classList.toggle('open', open);
  byId('open-catalogue').setAttribute('aria-expanded', String(open));
}

function mountTabs() {
  const tabs = Object.keys(kLanguages).map((name) =>
    element('button', {type: 'button', role: 'tab', onclick: () => choose(name)}, name));
  function choose(name) {
    language = name;
    for (const tab of tabs) {
      const chosen = tab.textContent === name;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (form !== null) showSnippet();
  }
  byId('code-tabs').addEventListener('keydown', (event) => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    choose(next.textContent);
    next.focus();
  });
  byId('code-tabs').append(...tabs);
  choose(language);
}

async function start() {
  mountTokenBox(byId('top'));
  mountTabs();
  schema = await readSchema((why) => setText(byId('loading'), why));
  if (schema === null) return;
  byId('dashboard-link').hidden = !schema.services.some(({name}) => name.startsWith('realtime.v1.'));
  schema.messages[kBundle.request] = [{name: 'stream', type: 'string', repeated: true}];
  if (allMethods().some((each) => each.streaming)) {
    schema.services.push({name: 'The bridge itself', methods: [kBundle]});
  }
  byId('find').addEventListener('input', showCatalogue);
  byId('open-catalogue').addEventListener('click', () =>
    toggleCatalogue(!byId('catalogue').classList.contains('open')));
  byId('route').addEventListener('change', showForm);
  byId('form').addEventListener('submit', submit);
  byId('form').addEventListener('input', showSnippet);
  byId('stop').addEventListener('click', stop);
  byId('copy').addEventListener('click', () => copy(byId('snippet').textContent, byId('copy')));
  window.addEventListener('hashchange', () => {
    showMethod();
    byId('method').focus({preventScroll: false});
  });
  window.addEventListener('online', () => stream?.hurry());
  onTokenChange(showAccess);
  setInterval(() => showFacts(stream), 500);
  showMethod();
}

start();
