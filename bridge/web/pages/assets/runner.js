// Runs a request: opens its stream, or sends it and shows the answer.

import {ApiError, base, explain} from './api.js';
import {byId, element, setText} from './dom.js';
import {Stream} from './stream.js';
import {anyAuthorization} from './token.js';

const kMaxShown = 512 * 1024;  // characters of an answer
const kOver = ['ended', 'failed', 'closed'];
const kWords = {open: 'live', waiting: 'reconnecting', failed: 'refused'};

export class Runner {
  #table;
  #explain;
  #onNames;
  #stream = null;
  #tell = () => {};
  #sent = 0;

  // `explainAndMark(error)` returns its text, and marks the fields that it is about.
  // `onNames` is called when an event has a new name.
  constructor(table, {explainAndMark, onNames}) {
    this.#table = table;
    this.#explain = explainAndMark;
    this.#onNames = onNames;
    byId('stop').addEventListener('click', () => this.#stream?.close());
    window.addEventListener('online', () => this.#stream?.hurry());
    setInterval(() => this.#showFacts(), 500);
  }

  // Shows the empty panels of a method.
  reset(streaming) {
    this.stop();
    this.#table.clear();
    byId('events').hidden = !streaming;
    byId('answer').hidden = streaming;
    byId('events').classList.add('waiting');
    byId('answer').classList.add('waiting');
    byId('stream-error').hidden = true;
    setText(byId('stream-state'), 'closed');
    byId('stream-state').dataset.state = 'closed';
    setText(byId('answer-status'), '');
    setText(byId('answer-body'), '');
  }

  stop() {
    ++this.#sent;
    this.#stream?.close();
    this.#stream = null;
    byId('stop').hidden = true;
  }

  // `tell(status)` is called with each new status of the request, in a word.
  open(request, tell) {
    this.stop();
    this.#tell = tell;
    this.#table.clear();
    byId('events').classList.remove('waiting');
    const opened = new Stream(request.url, {
      verb: request.verb,
      body: request.body,
      contentType: request.contentType,
      lastEventId: request.lastEventId,
      headers: () => ({...anyAuthorization(), ...Object.fromEntries(request.headers)}),
      reconnect: byId('reconnect').checked,
      onEvent: (event) => {
        const known = this.#table.names.size;
        this.#table.add(event);
        if (this.#table.names.size !== known) this.#onNames();
      },
      onComment: (comment) => this.#table.add({comment}),
      onState: (stream) => this.#showState(stream),
    });
    this.#stream = opened;
    this.#showState(opened);
  }

  #showState(stream) {
    if (this.#stream !== null && stream !== this.#stream) return;
    const node = byId('stream-state');
    const word = kWords[stream.state] ?? stream.state;
    node.dataset.state = stream.state;
    setText(node, word);
    this.#tell(word);
    byId('stream-error').hidden = stream.error === null;
    setText(byId('stream-error'), stream.error === null ? '' : this.#explain(stream.error));
    byId('stop').hidden = kOver.includes(stream.state);
    this.#showFacts();
  }

  #showFacts() {
    if (this.#stream !== null) setText(byId('facts'), this.#table.facts(this.#stream));
  }

  // Returns the error that the bridge answers with, or null.
  async send(request, tell) {
    this.stop();
    const mine = this.#sent;
    byId('answer').classList.remove('waiting');
    const started = performance.now();
    const status = byId('answer-status');
    const show = (text, kind = '') => {
      setText(status, text);
      status.className = `badge ${kind}`;
    };
    show('sending…');
    try {
      const headers = new Headers();
      if (request.body !== undefined) headers.set('Content-Type', request.contentType);
      const sent = {...anyAuthorization(), ...Object.fromEntries(request.headers)};
      for (const [name, value] of Object.entries(sent)) headers.set(name, value);
      const response = await fetch(base + request.url, {
        method: request.verb, headers, body: request.body, cache: 'no-store',
      });
      const blob = await response.blob();
      if (mine !== this.#sent) return null;
      await this.#showBody(blob);
      show(`${response.status} · ${Math.round(performance.now() - started)} ms`, response.ok ? 'good' : 'bad');
      tell(String(response.status));
      if (response.ok) return null;
      return ApiError.from(new Response(blob, {status: response.status}));
    } catch (error) {
      if (mine !== this.#sent) return null;
      byId('answer-body').replaceChildren();
      show(explain(error), 'bad');
      tell('failed');
      return null;
    }
  }

  async #showBody(blob) {
    const place = byId('answer-body');
    if (/^image\/(png|jpeg|gif|webp)/.test(blob.type)) {
      // The policy of the page allows data: and no blob: images.
      const reader = new FileReader();
      const url = await new Promise((resolve) => {
        reader.onload = () => resolve(reader.result);
        reader.readAsDataURL(blob);
      });
      return place.replaceChildren(element('img', {src: url, alt: 'The answer'}));
    }
    const text = await blob.text();
    let shown = text;
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Not JSON: show it unchanged.
    }
    place.replaceChildren(shown.length <= kMaxShown ? shown :
      `${shown.slice(0, kMaxShown)}\n… ${shown.length - kMaxShown} more characters`);
  }
}
