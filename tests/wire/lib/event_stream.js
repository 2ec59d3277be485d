// An event stream as a browser reads it (WHATWG HTML 9.2.5, 9.2.6), which keeps
// what the browser would silently drop.

const kFields = ['event', 'data', 'id', 'retry'];

export class EventStream {
  /** All blocks that a blank line has ended, comments alone included. */
  blocks = [];
  /** Lines that browsers ignore, or that the grammar does not allow: {kind, text}. */
  faults = [];
  comments = 0;
  /** Of LF, CRLF and CR, those that ended a line. */
  lineEnds = new Set();
  lastId = '';

  #source;
  #line = [];
  #afterCr = false;
  #block = new Block();
  #ready = [];
  #first = true;

  /** `source.next(deadline)` gives bytes, and null at the end. */
  constructor(source, response = source) {
    this.#source = source;
    this.response = response;
  }

  /** The next event that a browser would dispatch; null at the end of the stream. */
  async next(deadline) {
    for (;;) {
      const block = await this.block(deadline);
      if (block === null || block.dispatched) return block;
    }
  }

  /** The next `count` events; fails the check by `TimedOut` if they do not come. */
  async take(count, deadline) {
    const events = [];
    while (events.length < count) {
      const event = await this.next(deadline);
      if (event === null) break;
      events.push(event);
    }
    return events;
  }

  async block(deadline) {
    while (this.#ready.length === 0) {
      const bytes = await this.#source.next(deadline);
      if (bytes === null) return null;
      this.#feed(bytes);
    }
    return this.#ready.shift();
  }

  /** What has arrived after the last blank line. */
  get rest() {
    return this.#block.lines.join('\n') + Buffer.from(this.#line).toString('utf8');
  }

  #feed(bytes) {
    for (const byte of bytes) {
      if (this.#afterCr) {
        this.#afterCr = false;
        this.lineEnds.add(byte === 0x0a ? 'CRLF' : 'CR');
        if (byte === 0x0a) continue;
      }
      if (byte === 0x0a || byte === 0x0d) {
        if (byte === 0x0d) this.#afterCr = true;
        else this.lineEnds.add('LF');
        this.#endLine();
      } else {
        this.#line.push(byte);
      }
    }
  }

  #endLine() {
    const bytes = Buffer.from(this.#line);
    this.#line = [];
    let line;
    try {
      line = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
    } catch {
      this.faults.push({kind: 'utf8', text: `not UTF-8: ${bytes.toString('latin1').slice(0, 80)}`});
      line = bytes.toString('utf8');
    }
    if (line.startsWith('\ufeff')) {
      // One at the very beginning is allowed.
      if (!this.#first) this.faults.push({kind: 'field', text: 'a byte order mark within the stream'});
      line = line.slice(1);
    }
    this.#first = false;
    if (line === '') this.#endBlock();
    else this.#field(line);
  }

  #field(line) {
    const block = this.#block;
    block.lines.push(line);
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.comments++;
      return;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (!kFields.includes(name)) {
      this.faults.push({kind: 'field', text: `the line ${JSON.stringify(line.slice(0, 80))}`});
    } else if (name === 'data') {
      block.data = block.data === null ? value : `${block.data}\n${value}`;
    } else if (name === 'event') {
      block.name = value;
    } else if (name === 'id') {
      if (value.includes('\0')) this.faults.push({kind: 'id', text: 'an id with U+0000'});
      else block.id = value;
    } else if (/^[0-9]+$/.test(value)) {
      block.retry = Number(value);
    } else {
      this.faults.push({kind: 'retry', text: `retry: ${JSON.stringify(value)}`});
    }
  }

  #endBlock() {
    const block = this.#block;
    this.#block = new Block();
    if (block.lines.length === 0) return;
    if (block.id !== null) this.lastId = block.id;
    block.lastId = this.lastId;
    block.dispatched = block.data !== null && block.data !== '';
    this.blocks.push(block);
    this.#ready.push(block);
  }
}

class Block {
  lines = [];
  /** `event`, `data`, `id` and `retry`; null if there is no such line. */
  name = null;
  data = null;
  id = null;
  retry = null;
  /** What a browser that loses the connection now sends back. */
  lastId = '';
  dispatched = false;
}
