// An EventSource for a stream that needs a token. EventSource cannot send one, so
// each has a ticket in its URL (bridge/access/README.md, "Tickets"): valid once,
// and again for this browser as long as the bridge knows its cookie. When that is
// over, EventSource closes for good; this opens the next one, with a new ticket
// and after the last event.
import { Backoff, pause } from './backoff.js';
import { BridgeError, Code, errorFromResponse, errorFromStatus } from './errors.js';
import { makeGetTarget } from './request.js';
import { sourceOf } from './stream.js';

const CONNECTING = 0;
const CLOSED = 2;

class TicketEventSource extends EventTarget {
  #transport;
  #target;
  #make;
  #types = new Set();
  #source = null;
  #closed = new AbortController();
  #lastEventId;
  #backoff;
  #end; // the final status that the bridge has told: null for OK, or an error
  onopen = null;
  onmessage = null;
  onerror = null;

  constructor(stream, { lastEventId = stream.lastEventId, EventSource = globalThis.EventSource } = {}) {
    super();
    const { transport, method, message } = sourceOf(stream);
    transport.checkAddress();
    if (EventSource === undefined) throw new TypeError('eventSource: there is no EventSource here');
    this.#transport = transport;
    this.#target = makeGetTarget(method, message);
    this.#make = (url, options) => new EventSource(url, options);
    this.#lastEventId = lastEventId;
    this.#backoff = new Backoff(transport.options.reconnect);
    for (const type of ['open', 'message', 'error']) {
      super.addEventListener(type, (event) => this[`on${type}`]?.(event));
    }
    this.#types.add('message');
    this.#reopen();
  }

  get url() {
    return this.#transport.baseUrl + this.#target;
  }

  get readyState() {
    return this.#closed.signal.aborted ? CLOSED : (this.#source?.readyState ?? CONNECTING);
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    if (type === 'open' || type === 'error' || this.#types.has(type)) return;
    this.#types.add(type);
    if (this.#source !== null) this.#forward(this.#source, type);
  }

  close() {
    this.#closed.abort();
    this.#source?.close();
  }

  async #reopen() {
    const { signal } = this.#closed;
    try {
      const ticket = await this.#takeTicket();
      if (signal.aborted) return;
      const parameters = new URLSearchParams();
      if (ticket !== null) parameters.set('ticket', ticket);
      if (this.#lastEventId) parameters.set('last_event_id', this.#lastEventId);
      const mark = this.#target.includes('?') ? '&' : '?';
      const query = parameters.toString();
      this.#open(`${this.url}${query && mark}${query}`);
    } catch (error) {
      this.#lost(error);
    }
  }

  #open(url) {
    const page = globalThis.location?.origin;
    const foreign = page !== undefined && new URL(url, page).origin !== page;
    const withCredentials = foreign || this.#transport.options.credentials === 'include';
    const source = this.#make(url, { withCredentials });
    this.#source = source;
    this.#end = undefined;
    source.addEventListener('open', () => this.dispatchEvent(new Event('open')));
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      if (source.readyState === CLOSED) this.#examine();
      else this.dispatchEvent(new Event('error'));
    });
    source.addEventListener('grpc-status', ({ data }) => {
      const status = JSON.parse(data);
      if (status.stream !== undefined) return;
      const error = errorFromStatus(status);
      // A new token may help, or another attempt.
      const final = error === null || (error.permanent && error.code !== Code.UNAUTHENTICATED);
      this.#end = final ? error : undefined;
    });
    for (const type of this.#types) this.#forward(source, type);
  }

  #forward(source, type) {
    source.addEventListener(type, (event) => {
      if (source !== this.#source) return;
      const { data, lastEventId, origin } = event;
      this.#lastEventId = lastEventId;
      this.#backoff.reset();
      this.dispatchEvent(new MessageEvent(type, { data, lastEventId, origin }));
    });
  }

  /** EventSource does not say why it has closed, so this asks. */
  async #examine() {
    this.#source = null;
    if (this.#end !== undefined) return this.#finish(this.#end ?? undefined);
    const { signal } = this.#closed;
    const attempt = new AbortController();
    try {
      const response = await this.#authorized((token) =>
        this.#transport.send(
          { verb: 'GET', target: this.#target },
          {
            token,
            headers: {
              Accept: 'text/event-stream',
              ...(this.#lastEventId ? { 'Last-Event-ID': this.#lastEventId } : {}),
            },
            signal: attempt.signal,
          },
          { kind: 'stream', method: this.#target },
        ),
      );
      if (signal.aborted) return;
      if (response.status === 204) this.#finish();
      else this.#reopen();
    } catch (error) {
      this.#lost(error);
    } finally {
      attempt.abort();
    }
  }

  async #takeTicket() {
    if ((await this.#transport.token.get()) === null) return null;
    const response = await this.#authorized((token) =>
      this.#transport.send(
        { verb: 'POST', target: '/auth/ticket' },
        { token, headers: { Accept: 'application/json' }, signal: this.#closed.signal },
        { kind: 'call', method: '/auth/ticket' },
      ),
    );
    return (await response.json()).ticket;
  }

  /** Sends; renews a rejected token once. Throws for a refusal. */
  async #authorized(send) {
    const { token } = this.#transport;
    for (let renewed = false; ; renewed = true) {
      const current = await token.get();
      const response = await send(current);
      if (response.ok) return response;
      const error = await errorFromResponse(response);
      if (error.code !== Code.UNAUTHENTICATED || renewed || !token.refreshable) throw error;
      await token.renew(current, error);
    }
  }

  async #lost(error) {
    const { signal } = this.#closed;
    if (signal.aborted) return;
    const temporary = error instanceof BridgeError && !error.permanent && !this.#backoff.exhausted;
    if (!temporary) return this.#finish(error);
    this.#tell(error);
    try {
      await pause(this.#backoff.next(error.retryAfterMs), signal);
    } catch {
      return; // closed
    }
    this.#reopen();
  }

  #finish(error) {
    this.close();
    this.#tell(error);
  }

  #tell(error) {
    const event = new Event('error');
    event.error = error;
    this.dispatchEvent(event);
  }
}

/** Opens an EventSource for the request of `stream`, which is not read. */
export function eventSource(stream, options) {
  return new TicketEventSource(stream, options);
}
