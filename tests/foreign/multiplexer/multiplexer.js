// Serves server-streaming handlers of @grpc/grpc-js in one call for each bridge
// (sse/v1/multiplexer.proto). See README.md.
'use strict';
const { EventEmitter } = require('events');
const grpc = require('@grpc/grpc-js');

const MESSAGE_COST = 32; // of the credit, besides a message's length
const MAX_WAITING = 1000; // messages of one stream
const HIGH_WATER_MARK = 16; // after which write() returns false
const MAX_REFUSALS = 1000; // after which nothing is read
const LONGEST_TIMER = 2 ** 31 - 1; // of setTimeout
const DETAILS = 'grpc-status-details-bin';

function fromPairs(pairs) {
  const metadata = new grpc.Metadata();
  for (const { name, value } of pairs) {
    metadata.add(name, name.endsWith('-bin') ? value : value.toString());
  }
  return metadata;
}

function toPairs(metadata) {
  const pairs = [];
  for (const name of Object.keys(metadata ? metadata.getMap() : {})) {
    if (name === DETAILS) continue;
    for (const value of metadata.get(name)) pairs.push({ name, value: Buffer.from(value) });
  }
  return pairs;
}

function endFrame(stream, { code, details, metadata }) {
  const [bytes] = metadata ? metadata.get(DETAILS) : [];
  return {
    stream,
    end: { code, message: details || '', details: bytes, metadata: toPairs(metadata) },
  };
}

// What a handler receives in place of a grpc.ServerWritableStream.
class VirtualCall extends EventEmitter {
  constructor(connection, method, open) {
    super();
    this.request = method.requestDeserialize(open.request);
    this.metadata = fromPairs(open.metadata);
    this.cancelled = false;
    this.connection = connection;
    this.method = method;
    this.stream = open.stream;
    this.credit = open.credit;
    this.waiting = []; // serialized messages
    this.opened = false;
    this.wantsOpen = false;
    this.initial = null;
    this.status = null; // set once it is finished
    this.wasFull = false;
    this.deadline = Infinity;
    if (open.timeout_us > 0) {
      const milliseconds = open.timeout_us / 1000;
      this.deadline = Date.now() + milliseconds;
      this.timer = setTimeout(
        () => this.fail(grpc.status.DEADLINE_EXCEEDED, 'Deadline exceeded'),
        Math.min(milliseconds, LONGEST_TIMER),
      );
    }
    this.on('error', (error) => {
      this.finish({
        code: error.code || grpc.status.UNKNOWN,
        details: error.details || error.message,
        metadata: error.metadata,
      });
    });
  }

  getDeadline() {
    return this.deadline;
  }

  sendMetadata(metadata) {
    if (this.wantsOpen || this.opened) return;
    this.initial = metadata;
    this.wantsOpen = true;
    this.connection.setReady(this);
  }

  // As in Node's streams: false asks to wait for 'drain'.
  write(message) {
    if (this.status || this.cancelled) return false;
    const bytes = this.method.responseSerialize(message);
    if (bytes.length > this.connection.maxMessage) {
      this.fail(grpc.status.RESOURCE_EXHAUSTED, `a message of ${bytes.length} bytes is too large`);
      return false;
    }
    if (this.waiting.length >= MAX_WAITING) {
      this.fail(grpc.status.RESOURCE_EXHAUSTED, 'the reader is too slow');
      return false;
    }
    this.waiting.push(bytes);
    this.connection.setReady(this);
    this.wasFull = this.waiting.length >= HIGH_WATER_MARK;
    return !this.wasFull;
  }

  end(metadata) {
    this.finish({ code: grpc.status.OK, details: '', metadata });
  }

  // Ends after the messages that wait.
  finish(status) {
    if (this.status || this.cancelled) return;
    this.status = status;
    this.connection.setReady(this);
  }

  // Ends before the messages that wait.
  fail(code, details) {
    if (this.ended) return;
    this.waiting = [];
    this.status = { code, details };
    this.connection.setReady(this);
    this.cancel();
  }

  cancel() {
    if (this.cancelled) return;
    this.cancelled = true;
    clearTimeout(this.timer);
    this.emit('cancelled', 'cancelled');
  }

  // What it may send in its turn: at most one message.
  take() {
    const frames = [];
    const message = this.credit > 0 ? this.waiting.shift() : undefined;
    if (!this.opened && (this.wantsOpen || message)) {
      this.opened = true;
      frames.push({ stream: this.stream, opened: { metadata: toPairs(this.initial) } });
    }
    if (message) {
      this.credit -= message.length + MESSAGE_COST;
      frames.push({ stream: this.stream, message });
    }
    if (this.status && this.waiting.length === 0) {
      this.ended = true;
      clearTimeout(this.timer);
      frames.push(endFrame(this.stream, this.status));
    } else if (this.wasFull && this.waiting.length < HIGH_WATER_MARK) {
      this.wasFull = false;
      setImmediate(() => this.emit('drain'));
    }
    return frames;
  }

  get mayContinue() {
    return !this.ended && this.waiting.length > 0 && this.credit > 0;
  }
}

// One bridge's call.
class Connection {
  constructor(call, methods, maxStreams) {
    this.call = call;
    this.methods = methods;
    this.maxStreams = maxStreams;
    this.calls = new Map(); // by stream
    this.ready = new Set(); // in turn
    this.refusals = [];
    this.maxMessage = 0;
    this.maxBatch = 0;
    this.greeted = false;
    this.blocked = false;
    this.scheduled = false;
    call.write({ hello: { methods: [...methods.keys()] } });
    call.on('data', (message) => this.onMessage(message));
    call.on('end', () => this.onLost());
    call.on('cancelled', () => this.onLost());
    call.on('error', () => this.onLost());
  }

  onMessage({ hello, open, credit, cancel, ping }) {
    if (hello) {
      this.greeted = true;
      this.maxMessage = hello.max_message_bytes;
      this.maxBatch = hello.max_batch_bytes;
    }
    for (const each of open) this.onOpen(each);
    for (const { stream, bytes } of credit) {
      const call = this.calls.get(stream);
      if (!call) continue;
      call.credit += bytes;
      if (call.mayContinue) this.setReady(call);
    }
    for (const stream of cancel) {
      const call = this.calls.get(stream);
      if (!call) continue;
      this.calls.delete(stream);
      this.ready.delete(call);
      call.cancel();
    }
    if (ping) this.call.write({ pong: ping });
    this.schedule();
    if (this.refusals.length > MAX_REFUSALS) this.call.pause();
  }

  onOpen(open) {
    const method = this.methods.get(open.method);
    if (!method) return this.refuse(open, grpc.status.UNIMPLEMENTED, 'unknown method');
    if (this.calls.size >= this.maxStreams) {
      return this.refuse(open, grpc.status.RESOURCE_EXHAUSTED, 'too many streams');
    }
    let call;
    try {
      call = new VirtualCall(this, method, open);
    } catch {
      return this.refuse(open, grpc.status.INVALID_ARGUMENT, 'the request cannot be read');
    }
    this.calls.set(open.stream, call);
    try {
      method.handler(call);
    } catch (error) {
      call.fail(grpc.status.UNKNOWN, error.message);
    }
  }

  refuse({ stream }, code, details) {
    this.refusals.push(endFrame(stream, { code, details }));
  }

  onLost() {
    const calls = [...this.calls.values()];
    this.calls.clear();
    this.ready.clear();
    this.lost = true;
    for (const call of calls) call.cancel();
    this.call.end();
  }

  setReady(call) {
    if (this.lost || this.calls.get(call.stream) !== call) return;
    this.ready.add(call);
    this.schedule();
  }

  // What becomes ready meanwhile leaves in the same message.
  schedule() {
    if (this.scheduled || this.blocked) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  flush() {
    while (this.greeted && !this.lost && !this.blocked) {
      const frames = this.refusals.splice(0, MAX_REFUSALS);
      let bytes = 0;
      while (this.ready.size > 0 && bytes < this.maxBatch) {
        const [call] = this.ready;
        this.ready.delete(call);
        for (const frame of call.take()) {
          frames.push(frame);
          bytes += 16 + (frame.message ? frame.message.length : 0);
        }
        if (call.ended) this.calls.delete(call.stream);
        if (call.mayContinue) this.ready.add(call);
      }
      if (frames.length === 0) break;
      this.blocked = !this.call.write({ frames });
    }
    if (this.blocked && !this.waitsForDrain) {
      this.waitsForDrain = true;
      this.call.once('drain', () => {
        this.blocked = this.waitsForDrain = false;
        this.flush();
      });
    }
    if (this.refusals.length <= MAX_REFUSALS) this.call.resume();
  }
}

// Adds sse.v1.Multiplexer to a server, for the server-streaming methods of
// `services`: [[definition, handlers], ...] as for Server.addService.
// `definition` is the service of sse/v1/multiplexer.proto, loaded with
// { keepCase: true, longs: Number, defaults: true, oneofs: false }.
function addMultiplexer(server, definition, services, { maxStreams = 10000 } = {}) {
  const methods = new Map();
  for (const [service, handlers] of services) {
    for (const [name, method] of Object.entries(service)) {
      const handler = handlers[name] || handlers[method.originalName];
      if (!method.responseStream || method.requestStream || !handler) continue;
      methods.set(method.path, { ...method, handler: handler.bind(handlers) });
    }
  }
  server.addService(definition, {
    Connect: (call) => new Connection(call, methods, maxStreams),
  });
}

module.exports = { addMultiplexer };
