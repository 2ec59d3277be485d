// A bridge that is not there, for tests of what uses a client: calls are answered
// and streams are fed by the test. The client itself is the real one.
import { BridgeError, Code } from './errors.js';

function isMethod(name, wanted) {
  return name === wanted || name.endsWith(`.${wanted}`) || name.endsWith(`/${wanted}`);
}

function answer(status, contentType, text) {
  const headers = new Map([
    ['content-type', contentType],
    ['x-request-id', 'mock'],
  ]);
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name) => headers.get(name.toLowerCase()) ?? null },
    text: async () => text,
    json: async () => JSON.parse(text),
    arrayBuffer: async () => new TextEncoder().encode(text).buffer,
  };
}

function refusal({ code, status, message, details, httpStatus = 500 }) {
  const error = { code: httpStatus, status, message, details, grpcCode: code };
  return answer(httpStatus, 'application/json', JSON.stringify({ error }));
}

/** One connection of a stream that the client has opened. */
class MockStream {
  #chunks = [];
  #over = null; // { error }: how it ends
  #wake = () => {};

  constructor(request) {
    this.method = request.method;
    this.request = request.message;
    this.headers = request.headers;
    this.lastEventId = request.headers['Last-Event-ID'] ?? '';
    this.closed = new Promise((resolve) => {
      request.signal?.addEventListener('abort', () => {
        this.#finish({ error: request.signal.reason });
        resolve();
      });
    });
  }

  /** An event of the backend. */
  send(data, { event, id } = {}) {
    this.#write(event, id, data);
  }

  /** The bridge loses the backend, and has it again. */
  away() {
    this.#write('upstream', undefined, { state: 'away' });
  }

  back() {
    this.#write('upstream', undefined, { state: 'back' });
  }

  /** Events are missing here. */
  reset({ requested = this.lastEventId, oldest = '' } = {}) {
    this.#write('reset', '', { requested, oldest });
  }

  /** The stream ends, with an error if there is one. */
  end(error) {
    const { code = Code.OK, message = '', details } = error ?? {};
    this.#write('grpc-status', undefined, { code, message, details });
    this.#finish({});
  }

  /** The connection is lost; the client opens it again. */
  drop() {
    this.#finish({ error: new Error('the connection was dropped') });
  }

  response() {
    const read = async () => {
      while (this.#chunks.length === 0 && this.#over === null) {
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#chunks.length > 0) return { done: false, value: this.#chunks.shift() };
      if (this.#over.error) throw this.#over.error;
      return { done: true };
    };
    const body = { getReader: () => ({ read, cancel: async () => this.#finish({}) }) };
    return { ...answer(200, 'text/event-stream', ''), body };
  }

  #write(event, id, data) {
    if (this.#over !== null) throw new Error(`the stream ${this.method} is over`);
    const lines = [`data: ${JSON.stringify(data)}`];
    if (event !== undefined) lines.unshift(`event: ${event}`);
    if (id !== undefined) lines.unshift(`id: ${id}`);
    this.#chunks.push(`${lines.join('\n')}\n\n`);
    this.#wake();
  }

  #finish(how) {
    this.#over ??= how;
    this.#wake();
  }
}

class MockTransport {
  #calls = [];
  #open = []; // streams that nobody has taken yet
  #waiting = [];
  #offline = false;
  /** What the client has sent: { kind, method, message, headers }. */
  requests = [];

  /** For createClient. */
  get options() {
    return {
      baseUrl: 'http://mock.invalid',
      reconnect: { baseMs: 1, maxMs: 1 },
      separate: true,
      interceptors: [(request) => this.#answer(request)],
    };
  }

  /** Answers calls: with what `handler(message, request)` returns or throws. */
  onCall(method, handler) {
    this.#calls.unshift({ method, handler });
    return this;
  }

  /** The next stream of this method that the client opens, or has opened. */
  stream(method) {
    const at = this.#open.findIndex((each) => isMethod(each.method, method));
    if (at >= 0) return Promise.resolve(this.#open.splice(at, 1)[0]);
    return new Promise((resolve) => {
      this.#waiting.push({ method, resolve });
    });
  }

  /** While true, the bridge cannot be reached. Open streams are not touched. */
  offline(value = true) {
    this.#offline = value;
  }

  async #answer(request) {
    const { kind, method, message, headers } = request;
    this.requests.push({ kind, method, message, headers });
    if (this.#offline) throw new BridgeError(Code.UNAVAILABLE, 'the bridge cannot be reached');
    if (kind === 'stream') return this.#opened(new MockStream(request)).response();
    const found = this.#calls.find((each) => isMethod(method, each.method));
    try {
      if (found === undefined) {
        throw new BridgeError(Code.UNIMPLEMENTED, `the mock has no answer to ${method}`, { httpStatus: 501 });
      }
      const data = await found.handler(message, request);
      return answer(200, 'application/json', JSON.stringify(data ?? {}));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      return refusal(error);
    }
  }

  #opened(stream) {
    const at = this.#waiting.findIndex(({ method }) => isMethod(stream.method, method));
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(stream);
    else this.#open.push(stream);
    return stream;
  }
}

export function mockTransport() {
  return new MockTransport();
}

export { BridgeError, Code } from './errors.js';
