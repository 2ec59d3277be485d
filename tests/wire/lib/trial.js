// What a check is given: connections to the server, which are closed when the
// check is over, and the ways in which a check ends.

import {Connection} from './connection.js';
import {EventStream} from './event_stream.js';
import {Response} from './response.js';

/** The server breaks the rule. */
export class Failure extends Error {}
/** The server does not have what the rule is about, and need not. */
export class NotOffered extends Error {}

/** The bytes of a request. Headers whose value is null are left out. */
export function requestBytes(target, {method, path, headers = {}, body}, options = {}) {
  const {version = '1.1', extra = {}} = options;
  const fields = {Host: target.authority, ...target.headers, ...headers};
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  if (text !== undefined) {
    fields['Content-Type'] ??= 'application/json';
    fields['Content-Length'] ??= Buffer.byteLength(text);
  } else if (method === 'POST') {
    fields['Content-Length'] ??= 0;
  }
  Object.assign(fields, extra);
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1'),
    Buffer.from(text ?? '', 'utf8'),
  ]);
}

export class Trial {
  #connections = [];
  #published = 0;

  constructor(target) {
    this.target = target;
  }

  get deadline() {
    return Date.now() + this.target.patienceMs;
  }

  /** A request whose answer ends. */
  get ordinary() {
    return this.target.unary ?? this.target.errors[0] ?? {method: 'GET', path: '/', headers: {}};
  }

  async connect(options = {}) {
    const connection = await Connection.open(this.target, {deadline: this.deadline, ...options});
    this.#connections.push(connection);
    return connection;
  }

  bytes(request, options) {
    return requestBytes(this.target, request, options);
  }

  /** Reads the next answer's head on the connection; fails if there is none. */
  async answer(connection, method = 'GET') {
    const response = new Response(connection, {method, deadline: this.deadline});
    if ((await response.readHead()) === null) this.fail('the connection ends without an answer');
    return response;
  }

  /** Sends the request on `connection` or one of its own, and reads the answer's head. */
  async send(request, {connection, method, ...options} = {}) {
    connection ??= await this.connect();
    const sent = method === undefined ? request : {...request, method};
    connection.write(this.bytes(sent, options));
    return this.answer(connection, sent.method);
  }

  /** Sends bytes as they are, and reads the first answer's head. */
  async raw(bytes, method = 'GET') {
    const connection = await this.connect();
    connection.write(bytes);
    return this.answer(connection, method);
  }

  /** Opens an event stream as EventSource does. */
  async stream(request, {lastEventId, extra = {}, ...options} = {}) {
    const fields = {Accept: 'text/event-stream', 'Cache-Control': 'no-cache', ...extra};
    if (lastEventId !== undefined) {
      // As bytes of UTF-8, which is what browsers send.
      fields['Last-Event-ID'] = Buffer.from(lastEventId, 'utf8').toString('latin1');
    }
    const response = await this.send(request, {extra: fields, ...options});
    if (response.status !== 200) this.fail(`${request.path} is answered with ${response.status}`);
    return new EventStream(response);
  }

  /** Makes the resumable stream have one more event. */
  async publish() {
    const number = `${Date.now()}${this.#published++}`;
    const fill = (text) => text?.replaceAll('{n}', number);
    const {body, path, ...request} = this.target.publish;
    const response = await this.send({
      ...request,
      path: fill(path),
      body: body === undefined ? undefined : fill(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    if (response.status >= 300) this.fail(`publishing is answered with ${response.status}`);
    await response.body();
  }

  fail(text) {
    throw new Failure(text);
  }

  expect(condition, text) {
    if (!condition) throw new Failure(text);
  }

  notOffered(text) {
    throw new NotOffered(text);
  }

  close() {
    for (const connection of this.#connections) connection.destroy();
    this.#connections = [];
  }
}
