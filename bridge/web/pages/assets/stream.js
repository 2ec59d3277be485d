// A stream based on fetch, which, unlike EventSource, can send a token. It
// reconnects like EventSource, with Last-Event-ID, but waits longer after each
// failure.

import {createParser} from './eventsource-parser.js';
import {ApiError, base} from './api.js';
import {authorization} from './token.js';

const kFirstRetryMs = 2000;
const kMaxRetryMs = 30_000;

// The google.rpc.Codes after which a retry may succeed.
const kTransient = new Set([1, 4, 8, 10, 13, 14]);
export const isTransient = ({code}) => kTransient.has(code);

// States: connecting, open, waiting (to reconnect), and finally one of ended (the
// server has ended the stream), failed (see `error`), closed.
export class Stream {
  // options: {verb, body, contentType, lastEventId, reconnect = true, maxRetryMs,
  //   silenceMs: a connection that is silent for this long is dead,
  //   headers() (default: the token's), onEvent({name, id, data, size}),
  //   onComment(text), onState(stream)}
  constructor(url, options = {}) {
    this.url = url;
    this.options = {verb: 'GET', reconnect: true, ...options};
    this.lastEventId = options.lastEventId ?? '';
    this.state = 'connecting';
    this.events = 0;
    this.reconnects = 0;
    this.error = null;
    this.end = null;  // the final google.rpc.Status of the stream
    this.#run();
  }

  close() {
    if (this.#isOver()) return;
    this.#abort?.abort();
    this.#wake?.();
    this.#become('closed');
  }

  // Reconnects immediately.
  hurry() {
    this.#wake?.();
  }

  #abort = null;
  #wake = null;
  #retryMs = kFirstRetryMs;

  #isOver() {
    return ['ended', 'failed', 'closed'].includes(this.state);
  }

  #become(state, error = null) {
    if (this.#isOver()) return;
    this.state = state;
    this.error = error;
    this.options.onState?.(this);
  }

  async #run() {
    for (let failures = 0; !this.#isOver();) {
      let error = null;
      let wait = 0;
      try {
        const response = await this.#open();
        if (response.status === 204) return this.#become('ended');
        if (!response.ok) {
          error = await ApiError.from(response);
          const transient = response.status >= 500 || response.status === 429;
          if (!transient) return this.#become('failed', error);
          wait = Number(response.headers.get('Retry-After') ?? 0) * 1000;
        } else {
          failures = 0;
          this.#become('open');
          await this.#read(response);
        }
      } catch (thrown) {
        error = thrown;
      }
      if (this.#isOver()) return;
      if (this.end !== null && !isTransient(this.end)) {
        if (this.end.code === 0) return this.#become('ended');
        return this.#become('failed', ApiError.ofStatus(this.end));
      }
      if (!this.options.reconnect) return this.#become('ended', error);
      this.end = null;
      ++failures;
      const most = this.options.maxRetryMs ?? kMaxRetryMs;
      const backoff = Math.min(most, this.#retryMs * 1.6 ** (failures - 1));
      await this.#sleep(Math.max(wait, backoff * (0.8 + 0.4 * Math.random())), error);
      ++this.reconnects;
      this.#become('connecting');
    }
  }

  #open() {
    this.#abort = new AbortController();
    const {verb, body, contentType = 'application/json', headers = authorization} = this.options;
    const sent = new Headers({Accept: 'text/event-stream'});
    if (body !== undefined) sent.set('Content-Type', contentType);
    if (this.lastEventId !== '') sent.set('Last-Event-ID', this.lastEventId);
    for (const [name, value] of Object.entries(headers())) sent.set(name, value);
    return fetch(base + this.url, {
      method: verb,
      headers: sent,
      body,
      cache: 'no-store',
      signal: this.#abort.signal,
    });
  }

  async #read(response) {
    const parser = createParser({
      onEvent: (event) => this.#receive(event),
      onComment: (text) => this.options.onComment?.(text),
      onRetry: (ms) => (this.#retryMs = ms),
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let silence;
    try {
      for (;;) {
        clearTimeout(silence);
        if (this.options.silenceMs) silence = setTimeout(() => this.#abort.abort(), this.options.silenceMs);
        const {done, value} = await reader.read();
        if (done || this.#isOver()) return;
        parser.feed(value);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  #receive({event = 'message', id, data}) {
    ++this.events;
    const status = event === 'grpc-status' ? JSON.parse(data) : null;
    if (status !== null && status.stream === undefined) {
      // The id of the final status marks the end. Keep the last resumable id.
      this.end = status;
    } else if (id !== undefined) {
      // A status with the name of a stream ends only that stream of a bundle.
      this.lastEventId = id;
    }
    this.options.onEvent?.({name: event, id, data, size: new Blob([data]).size});
  }

  #sleep(ms, error) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#become('waiting', error);
    }).finally(() => (this.#wake = null));
  }
}
