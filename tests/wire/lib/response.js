// Reads HTTP/1.1 responses (RFC 9112). It accepts what a lenient client would,
// and notes in `faults` what the specification does not allow.

const kToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Field values are VCHAR, obs-text, and SP or HTAB between them (RFC 9110 5.5).
const kValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const kMaxLine = 65536;

export class Response {
  version = null;
  status = 0;
  reason = '';
  /** [name in lower case, value] */
  headers = [];
  trailers = [];
  /** Heads of interim responses (1xx) that came before. */
  interim = [];
  /** {kind, text}; kinds: status-line, line-end, header, chunk. */
  faults = [];
  /** The whole body has arrived, as its framing says. */
  complete = false;
  /** chunked, length, close or none. */
  framing = null;

  #connection;
  #deadline;
  #left = 0;
  // The CRLF after a chunk's data is still to be read.
  #open = false;

  constructor(connection, {method = 'GET', deadline}) {
    this.#connection = connection;
    this.method = method;
    this.#deadline = deadline;
  }

  get connection() {
    return this.#connection;
  }

  header(name) {
    return this.headers.find(([each]) => each === name)?.[1];
  }

  all(name) {
    return this.headers.filter(([each]) => each === name).map(([, value]) => value);
  }

  /** The members of a header that is a list, in lower case. */
  list(name) {
    return this.all(name)
      .join(',')
      .split(',')
      .map((each) => each.trim().toLowerCase())
      .filter((each) => each !== '');
  }

  /** Returns this, or null if the server ends the connection instead. */
  async readHead(deadline = this.#deadline) {
    for (;;) {
      const line = await this.#line(deadline, 'no answer arrives');
      if (line === null) return null;
      this.#statusLine(line);
      this.headers = await this.#fields(deadline);
      if (this.status >= 200 || this.status === 101 || this.status < 100) break;
      this.interim.push({status: this.status, headers: this.headers});
    }
    this.#frame();
    return this;
  }

  #statusLine(line) {
    const match = /^HTTP\/(\d)\.(\d) (\d{3})( (.*))?$/.exec(line);
    const lenient = match ?? /^HTTP\/(\d)\.(\d)\s+(\d+)(\s+(.*))?$/.exec(line);
    if (!lenient) throw new Error(`no HTTP response begins with ${JSON.stringify(line.slice(0, 80))}`);
    // RFC 9112 4: the space is sent even if there is no reason phrase.
    if (!match || match[4] === undefined || !kValue.test(match[5])) {
      this.faults.push({kind: 'status-line', text: `status line ${JSON.stringify(line)}`});
    }
    this.version = `${lenient[1]}.${lenient[2]}`;
    this.status = Number(lenient[3]);
    this.reason = lenient[5] ?? '';
  }

  async #fields(deadline) {
    const fields = [];
    for (;;) {
      const line = await this.#line(deadline, 'the head of the answer does not end');
      if (line === null) throw new Error('the connection ends within the head of the answer');
      if (line === '') return fields;
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0));
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
      if (!kToken.test(name) || !kValue.test(value)) {
        this.faults.push({kind: 'header', text: `header line ${JSON.stringify(line)}`});
      }
      fields.push([name.trim().toLowerCase(), value]);
    }
  }

  // RFC 9112 6.3.
  #frame() {
    const length = this.header('content-length');
    if (this.method === 'HEAD' || this.status === 204 || this.status === 304) {
      this.framing = 'none';
      this.complete = true;
    } else if (this.list('transfer-encoding').at(-1) === 'chunked') {
      this.framing = 'chunked';
    } else if (length !== undefined) {
      this.framing = 'length';
      this.#left = Number(length);
      this.complete = this.#left === 0;
    } else {
      this.framing = 'close';
    }
  }

  /** The next bytes of the body; null at its end (see `complete`). */
  async next(deadline = this.#deadline) {
    if (this.complete) return null;
    const connection = this.#connection;
    if (this.framing === 'chunked' && this.#left === 0) {
      if (!(await this.#chunkSize(deadline))) return null;
    }
    if (!(await connection.more(0, deadline, 'no more of the body arrives'))) {
      this.complete = this.framing === 'close' && connection.error === null;
      return null;
    }
    if (this.framing === 'close') return connection.take(connection.buffer.length);
    const bytes = connection.take(Math.min(this.#left, connection.buffer.length));
    this.#left -= bytes.length;
    if (this.framing === 'length') this.complete = this.#left === 0;
    return bytes;
  }

  // Reads the framing before a chunk's data; false at the end of the body.
  async #chunkSize(deadline) {
    if (this.#open) {
      const line = await this.#line(deadline, 'a chunk does not end');
      if (line === null) return false;
      if (line !== '') {
        this.faults.push({kind: 'chunk', text: `${JSON.stringify(line.slice(0, 40))} after a chunk's data`});
      }
    }
    this.#open = false;
    const line = await this.#line(deadline, 'no chunk arrives');
    if (line === null) return false;
    if (!/^[0-9A-Fa-f]+(\s*;.*)?$/.test(line)) {
      this.faults.push({kind: 'chunk', text: `chunk size ${JSON.stringify(line.slice(0, 40))}`});
    }
    this.#left = parseInt(line, 16);
    if (Number.isNaN(this.#left)) throw new Error(`no chunk size: ${JSON.stringify(line.slice(0, 40))}`);
    this.#open = true;
    if (this.#left > 0) return true;
    this.trailers = await this.#fields(deadline);
    this.complete = true;
    return false;
  }

  /** The whole body. */
  async body(deadline = this.#deadline) {
    const parts = [];
    for (let part; (part = await this.next(deadline)) !== null;) parts.push(part);
    return Buffer.concat(parts);
  }

  // Without its end; null if the connection ends before it begins.
  async #line(deadline, what) {
    const connection = this.#connection;
    let at;
    while ((at = connection.buffer.indexOf('\n')) < 0) {
      const have = connection.buffer.length;
      if (have > kMaxLine) throw new Error('a line of the answer is longer than 64 KiB');
      if (!(await connection.more(have, deadline, what))) {
        if (have === 0) return null;
        throw new Error('the connection ends within a line of the answer');
      }
    }
    let line = connection
      .take(at + 1)
      .toString('latin1')
      .slice(0, -1);
    if (line.endsWith('\r')) line = line.slice(0, -1);
    else this.faults.push({kind: 'line-end', text: `${JSON.stringify(line)} ends with LF alone`});
    if (line.includes('\r'))
      this.faults.push({kind: 'line-end', text: `a CR within ${JSON.stringify(line)}`});
    return line;
  }
}
