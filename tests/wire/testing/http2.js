// HTTP/2 in front of a Site: as much of RFC 9113 as the suite looks at, except
// for the planted faults.

import {encodeHeaders, HpackDecoder} from '../lib/hpack.js';
import {Flag, frame, kPreface, Setting, settingsPayload, Type, uint32} from '../lib/http2.js';

const kMaxFrame = 16384;
const kForbidden = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];
const kPseudo = [':method', ':scheme', ':authority', ':path'];
const PROTOCOL_ERROR = 1;
const FLOW_CONTROL_ERROR = 3;
const FRAME_SIZE_ERROR = 6;
const COMPRESSION_ERROR = 9;

export class Http2Server {
  #buffer = Buffer.alloc(0);
  #hpack = new HpackDecoder();
  #streams = new Map();
  #window = 65535;
  #initial = 65535;
  #last = 0;
  #block = null;

  constructor(socket, site) {
    this.socket = socket;
    this.site = site;
    this.f = site.fault;
    socket.on('close', () => this.#streams.forEach(({stop}) => stop?.()));
    if (this.f('h2-settings-first')) this.#send(Type.PING, 0, 0, Buffer.alloc(8));
    this.#send(
      Type.SETTINGS,
      0,
      0,
      settingsPayload({[Setting.MAX_CONCURRENT_STREAMS]: this.f('h2-many-streams') ? 10 : 100}),
    );
  }

  receive(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    if (this.#buffer.subarray(0, 3).toString() === 'PRI') {
      if (this.#buffer.length < kPreface.length) return;
      this.#buffer = this.#buffer.subarray(kPreface.length);
    }
    while (this.#buffer.length >= 9 && !this.socket.destroyed) {
      const length = this.#buffer.readUIntBE(0, 3);
      const type = this.#buffer[3];
      if (length > kMaxFrame && !this.f('h2-frame-too-large')) return this.#goAway(FRAME_SIZE_ERROR);
      if (this.#buffer.length < 9 + length) return;
      const payload = this.#buffer.subarray(9, 9 + length);
      const [flags, stream] = [this.#buffer[4], this.#buffer.readUInt32BE(5) & 0x7fffffff];
      this.#buffer = this.#buffer.subarray(9 + length);
      this.#frame(type, flags, stream, payload);
    }
  }

  #send(type, flags, stream, payload) {
    if (!this.socket.destroyed && this.socket.writable)
      this.socket.write(frame(type, flags, stream, payload));
  }

  #goAway(code) {
    this.#send(Type.GOAWAY, 0, 0, Buffer.concat([uint32(this.#last), uint32(code)]));
    this.socket.end();
  }

  #frame(type, flags, id, payload) {
    const {f} = this;
    if (type === Type.SETTINGS) {
      if (flags & Flag.ACK) return;
      for (let at = 0; at + 6 <= payload.length; at += 6) {
        if (payload.readUInt16BE(at) === Setting.INITIAL_WINDOW_SIZE && !f('h2-window'))
          this.#initial = payload.readUInt32BE(at + 2);
      }
      if (!f('h2-settings-acknowledged')) this.#send(Type.SETTINGS, Flag.ACK, 0);
    } else if (type === Type.PING) {
      if (payload.length !== 8 && !f('h2-ping-length')) return this.#goAway(FRAME_SIZE_ERROR);
      if (!(flags & Flag.ACK)) this.#send(Type.PING, Flag.ACK, 0, f('h2-ping') ? Buffer.alloc(8) : payload);
    } else if (type === Type.WINDOW_UPDATE) {
      this.#credit(id, payload.readUInt32BE(0));
    } else if (type === Type.RST_STREAM) {
      if (f('h2-reset-one')) return this.socket.destroy();
      if (!f('h2-reset-stops')) this.#close(id);
    } else if (type === Type.HEADERS) {
      this.#block = {id, end: flags & Flag.END_STREAM, parts: [payload]};
      if (flags & Flag.END_HEADERS) this.#headers();
    } else if (type === Type.CONTINUATION) {
      if (f('h2-continued-headers')) return this.#goAway(PROTOCOL_ERROR);
      this.#block.parts.push(payload);
      if (flags & Flag.END_HEADERS) this.#headers();
    } else if (type === Type.DATA) {
      const stream = this.#streams.get(id);
      if (stream === undefined) return f('h2-data-on-idle') ? undefined : this.#goAway(PROTOCOL_ERROR);
      stream.request.body += payload.toString('utf8');
      if (flags & Flag.END_STREAM) this.#answer(id);
    } else if (type > Type.CONTINUATION && f('h2-unknown-frame')) {
      this.#goAway(PROTOCOL_ERROR);
    }
  }

  #credit(id, size) {
    if (id === 0) {
      this.#window += size;
      if (this.#window > 0x7fffffff && !this.f('h2-window-overflow')) return this.#goAway(FLOW_CONTROL_ERROR);
    } else if (this.#streams.has(id) && !this.f('h2-window-reopens')) {
      this.#streams.get(id).window += size;
    }
    for (const each of this.#streams.keys()) this.#flush(each);
  }

  #headers() {
    const {f} = this;
    const {id, end, parts} = this.#block;
    let fields;
    try {
      fields = this.#hpack.decode(Buffer.concat(parts));
    } catch {
      return f('h2-broken-headers') ? undefined : this.#goAway(COMPRESSION_ERROR);
    }
    if (id % 2 === 0 && !f('h2-even-stream')) return this.#goAway(PROTOCOL_ERROR);
    this.#last = id;
    if (this.#malformed(fields)) return this.#send(Type.RST_STREAM, 0, id, uint32(PROTOCOL_ERROR));
    const all = Object.fromEntries(fields);
    const request = {method: all[':method'], path: all[':path'] ?? '/', headers: all, body: ''};
    this.#streams.set(id, {request, window: this.#initial, waiting: Buffer.alloc(0), ended: false});
    if (end) this.#answer(id);
  }

  #malformed(fields) {
    const {f} = this;
    const names = fields.map(([name]) => name);
    const last = names.findLastIndex((name) => name.startsWith(':'));
    return (
      (!names.includes(':path') && !f('h2-without-path')) ||
      (names.some((name) => /[A-Z]/.test(name)) && !f('h2-upper-case-name')) ||
      (names.some((name) => kForbidden.includes(name)) && !f('h2-connection-header')) ||
      (names.slice(0, last).some((name) => !name.startsWith(':')) && !f('h2-late-pseudo-header')) ||
      (names.some((name) => name.startsWith(':') && !kPseudo.includes(name)) &&
        !f('h2-unknown-pseudo-header'))
    );
  }

  #answer(id) {
    const {f} = this;
    const stream = this.#streams.get(id);
    const answer = this.site.answer(stream.request);
    const status = f('h2-same-status') && answer.status >= 400 ? 500 : answer.status;
    const isStream = answer.start !== undefined;
    const headers = [
      [':status', f('h2-stream') && isStream ? 202 : status],
      ...answer.headers.map(([name, value]) => [f('h2-lower-case') ? name : name.toLowerCase(), value]),
    ];
    if (f('h2-no-connection-headers')) headers.push(['connection', 'keep-alive']);
    const empty = !isStream && !(answer.body?.length > 0);
    this.#send(Type.HEADERS, Flag.END_HEADERS | (empty ? Flag.END_STREAM : 0), id, encodeHeaders(headers));
    if (empty) return this.#close(id);
    const write = (bytes) => {
      stream.waiting = Buffer.concat([stream.waiting, Buffer.from(bytes)]);
      this.#flush(id);
    };
    const end = () => {
      stream.ended = true;
      this.#flush(id);
    };
    if (isStream) {
      stream.stop = answer.start(write, end);
    } else {
      write(answer.body);
      end();
    }
  }

  #flush(id) {
    const {f} = this;
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    // One full stream holds up all.
    if (
      f('h2-window-is-its-own') &&
      [...this.#streams].some(([other, {window}]) => other < id && window === 0)
    )
      return;
    const size = Math.min(stream.waiting.length, stream.window, this.#window, kMaxFrame);
    if (size > 0) {
      this.#send(Type.DATA, 0, id, stream.waiting.subarray(0, size));
      stream.waiting = stream.waiting.subarray(size);
      stream.window -= size;
      this.#window -= size;
      return this.#flush(id);
    }
    if (!stream.ended || stream.waiting.length > 0) return;
    if (f('h2-end-stream')) this.#send(Type.RST_STREAM, 0, id, uint32(0));
    else this.#send(Type.DATA, Flag.END_STREAM, id);
    this.#close(id);
  }

  #close(id) {
    const stream = this.#streams.get(id);
    if (typeof stream?.stop === 'function') stream.stop();
    this.#streams.delete(id);
  }
}
