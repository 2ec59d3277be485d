// A client of HTTP/2 (RFC 9113) that sees every frame.

import {encodeHeaders, HpackDecoder} from './hpack.js';

export const kPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const Flag = {END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20};
export const Setting = {MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 4, MAX_FRAME_SIZE: 5};

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function settingsPayload(settings) {
  return Buffer.concat(
    Object.entries(settings).map(([id, value]) => {
      const bytes = Buffer.alloc(6);
      bytes.writeUInt16BE(Number(id), 0);
      bytes.writeUInt32BE(value, 2);
      return bytes;
    }),
  );
}

export function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export class Http2 {
  /** In the order of arrival: {type, flags, stream, payload}. */
  frames = [];
  /** By stream id: {headers, data, ended, reset}. */
  streams = new Map();
  settings = {};
  goaway = null;
  settingsAcked = false;
  pings = [];
  /** Gives credit for what arrives. */
  credit = true;

  #connection;
  #hpack = new HpackDecoder();
  #block = null;

  constructor(connection) {
    this.#connection = connection;
  }

  get connection() {
    return this.#connection;
  }

  start(settings = {}) {
    this.#connection.write(Buffer.from(kPreface, 'latin1'));
    this.send(Type.SETTINGS, 0, 0, settingsPayload(settings));
  }

  send(type, flags, stream, payload) {
    this.#connection.write(frame(type, flags, stream, payload));
  }

  /** Sends HEADERS with END_STREAM, or with `body` as DATA. */
  request(stream, headers, body) {
    this.send(
      Type.HEADERS,
      Flag.END_HEADERS | (body === undefined ? Flag.END_STREAM : 0),
      stream,
      encodeHeaders(headers),
    );
    if (body !== undefined) this.send(Type.DATA, Flag.END_STREAM, stream, Buffer.from(body, 'utf8'));
  }

  stream(id) {
    if (!this.streams.has(id))
      this.streams.set(id, {headers: null, data: Buffer.alloc(0), ended: false, reset: null});
    return this.streams.get(id);
  }

  /** Reads frames until the condition holds; false if the connection ends before. */
  async until(condition, deadline, what) {
    while (!condition()) {
      if (!(await this.next(deadline, what))) return condition();
    }
    return true;
  }

  /** Reads and handles one frame; false if the connection has ended. */
  async next(deadline, what = 'no frame arrives') {
    const connection = this.#connection;
    for (let need = 9; connection.buffer.length < need;) {
      if (!(await connection.more(connection.buffer.length, deadline, what))) return false;
      if (connection.buffer.length >= 9) need = 9 + connection.buffer.readUIntBE(0, 3);
    }
    const length = connection.buffer.readUIntBE(0, 3);
    if (connection.buffer.length < 9 + length) return this.next(deadline, what);
    const head = connection.take(9);
    this.#handle({
      type: head[3],
      flags: head[4],
      stream: head.readUInt32BE(5) & 0x7fffffff,
      payload: Buffer.from(connection.take(length)),
    });
    return true;
  }

  #handle(one) {
    this.frames.push(one);
    const {type, flags, stream, payload} = one;
    if (type === Type.SETTINGS) {
      if (flags & Flag.ACK) {
        this.settingsAcked = true;
        return;
      }
      for (let at = 0; at + 6 <= payload.length; at += 6)
        this.settings[payload.readUInt16BE(at)] = payload.readUInt32BE(at + 2);
      this.send(Type.SETTINGS, Flag.ACK, 0);
    } else if (type === Type.PING) {
      if (flags & Flag.ACK) this.pings.push(payload.toString('hex'));
      else this.send(Type.PING, Flag.ACK, 0, payload);
    } else if (type === Type.GOAWAY) {
      this.goaway = payload.readUInt32BE(4);
    } else if (type === Type.RST_STREAM) {
      this.stream(stream).reset = payload.readUInt32BE(0);
    } else if (type === Type.HEADERS || type === Type.CONTINUATION) {
      this.#headers(one);
    } else if (type === Type.DATA) {
      this.#data(one);
    }
  }

  #headers({type, flags, stream, payload}) {
    let fragment = payload;
    if (type === Type.HEADERS) {
      fragment = unpad(flags, payload);
      if (flags & Flag.PRIORITY) fragment = fragment.subarray(5);
      this.#block = {end: Boolean(flags & Flag.END_STREAM), parts: []};
    }
    this.#block.parts.push(fragment);
    if (!(flags & Flag.END_HEADERS)) return;
    const headers = this.#hpack.decode(Buffer.concat(this.#block.parts));
    const state = this.stream(stream);
    if (state.headers === null || /^1/.test(state.headers[0]?.[1] ?? '')) state.headers = headers;
    else state.trailers = headers;
    if (this.#block.end) state.ended = true;
  }

  #data({flags, stream, payload}) {
    const state = this.stream(stream);
    state.data = Buffer.concat([state.data, unpad(flags, payload)]);
    if (flags & Flag.END_STREAM) state.ended = true;
    if (!this.credit || payload.length === 0) return;
    this.send(Type.WINDOW_UPDATE, 0, 0, uint32(payload.length));
    if (!state.ended) this.send(Type.WINDOW_UPDATE, 0, stream, uint32(payload.length));
  }
}

function unpad(flags, payload) {
  return flags & Flag.PADDED ? payload.subarray(1, payload.length - payload[0]) : payload;
}
