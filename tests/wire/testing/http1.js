// HTTP/1.1 in front of a Site, strict as RFC 9112, except for the planted faults.

const kMaxTarget = 16384;
const kMaxHead = 65536;
const kReasons = {200: 'OK', 204: 'No Content', 400: 'Bad Request', 404: 'Not Found'};

// A request that is refused.
class Refusal extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

export class Http1 {
  #buffer = Buffer.alloc(0);
  #stops = [];
  #busy = false;
  #ended = false;
  #continued = false;
  #streams;

  constructor(socket, site, streams) {
    this.socket = socket;
    this.site = site;
    this.f = site.fault;
    this.#streams = streams;
    socket.on('end', () => {
      this.#ended = true;
      if (this.f('request-half-closed') || !this.#busy) socket.destroy();
    });
    socket.on('close', () => this.#stops.forEach((stop) => stop()));
  }

  receive(bytes, late = false) {
    if (this.f('request-half-closed') && !late) return setTimeout(() => this.receive(bytes, true), 30);
    if (this.f('request-byte-by-byte') && bytes.length < 5 && this.#buffer.length === 0)
      return this.#refuse(400);
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    this.#run();
  }

  #run() {
    try {
      while (!this.#busy && !this.socket.destroyed && this.#one());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(error.status);
    }
  }

  #refuse(status) {
    this.#send({method: 'GET', version: '1.1', headers: {connection: 'close'}}, this.site.error(status));
  }

  // Handles one whole request; false if it has not arrived.
  #one() {
    const {f} = this;
    let text = this.#buffer.toString('latin1');
    if (text.startsWith('\r\n') && !f('request-leading-empty-line')) {
      this.#buffer = this.#buffer.subarray(2);
      return true;
    }
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) {
      if (text.length <= kMaxHead || this.f('request-large-head')) return false;
      throw new Refusal(text.indexOf('\r\n') < 0 ? 414 : 431);
    }
    text = text.slice(0, end);
    if (f('request-bare-cr')) text = text.replaceAll(/\r(?!\n)/g, '\r\n');
    const request = this.#head(text);
    const body = this.#body(request, this.#buffer.subarray(end + 4));
    if (body === null) {
      if (request.headers.expect === '100-continue' && !this.#continued && !f('request-expect-continue')) {
        this.#continued = true;
        this.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      }
      return false;
    }
    this.#continued = false;
    request.body = body.bytes.toString('utf8');
    this.#buffer = this.#buffer.subarray(end + 4 + body.used);
    if (f('request-pipelined')) this.#buffer = Buffer.alloc(0);
    this.#send(request, this.site.answer(request));
    return true;
  }

  #head(text) {
    const {f} = this;
    if (text.length > kMaxHead && !f('request-large-head') && text.indexOf('\r\n') < kMaxTarget)
      throw new Refusal(431);
    const lines = text.split('\r\n');
    const match = /^(\S+) (\S+) HTTP\/(\d)\.(\d)$/.exec(lines[0]);
    if (!match) throw new Refusal(400);
    if (match[2].length > kMaxTarget) throw new Refusal(f('request-long-target') ? 404 : 414);
    if (match[3] !== '1' && !f('request-unknown-version')) throw new Refusal(505);
    const request = {
      method: match[1],
      path: match[2],
      version: `${match[3]}.${match[4]}`,
      headers: {},
      lists: {},
    };
    if (request.path.startsWith('http') && !f('request-absolute-form'))
      request.path = new URL(request.path).pathname;
    for (const line of lines.slice(1)) this.#field(request, line);
    this.#checkHost(request);
    return request;
  }

  #field(request, line) {
    const {f} = this;
    const match = /^([^\s:]+)(\s*):[ \t]*(.*?)[ \t]*$/s.exec(line);
    if (!match) {
      if (f('request-folded-line') && /^\s/.test(line)) return;
      throw new Refusal(400);
    }
    if (match[2] !== '' && !f('request-space-before-colon')) throw new Refusal(400);
    if (match[3].includes('\r')) throw new Refusal(400);
    const name = match[1].toLowerCase();
    (request.lists[name] ??= []).push(match[3]);
    request.headers[name] = match[3];
  }

  #checkHost({version, lists}) {
    const {f} = this;
    const hosts = lists.host ?? [];
    if (hosts.length === 0 && version === '1.1' && !f('request-without-host') && !f('request-pipelined'))
      throw new Refusal(400);
    if (hosts.length > 1 && !f('request-two-hosts')) throw new Refusal(400);
    if (hosts.some((host) => /[\s/]/.test(host)) && !f('request-invalid-host')) throw new Refusal(400);
  }

  // {bytes, used}, or null if it has not arrived.
  #body({headers, lists}, rest) {
    const {f} = this;
    const codings = lists['transfer-encoding'];
    const lengths = lists['content-length'] ?? [];
    if (codings !== undefined) {
      if (lengths.length > 0 && !f('request-length-and-chunked')) throw new Refusal(400);
      const names = codings
        .join(',')
        .split(',')
        .map((one) => one.trim());
      if (names.at(-1) !== 'chunked' && !f('request-chunked-not-last')) throw new Refusal(400);
      if (names.length > 1 && !f('request-unknown-coding') && !f('request-chunked-not-last'))
        throw new Refusal(501);
      return this.#chunks(rest);
    }
    if (new Set(lengths).size > 1 && !f('request-two-lengths')) throw new Refusal(400);
    const length = lengths[0] ?? '0';
    const [, before, digits, after] = /^(\+|-|0x)?(\d+)(a)?$/.exec(length) ?? [];
    const lenient =
      {'+': 'request-length-plus', '-': 'request-length-minus', '0x': 'request-length-hexadecimal'}[before] ??
      (after && 'request-length-letter');
    if (f('request-folded-line') && length === '') return {bytes: Buffer.alloc(0), used: 0};
    if (!/^\d+$/.test(length) && !(lenient && f(lenient))) throw new Refusal(400);
    const count = Number(digits);
    return rest.length < count ? null : {bytes: rest.subarray(0, count), used: count};
  }

  #chunks(rest) {
    const {f} = this;
    const text = rest.toString('latin1');
    const parts = [];
    for (let at = 0; ;) {
      const end = text.indexOf('\r\n', at);
      if (end < 0) return null;
      const line = text.slice(at, end);
      let match = /^0*([0-9a-fA-F]+)(\s*;.*)?$/.exec(line);
      if (!match && f('request-chunk-size-invalid')) match = ['', '7']; // that of --unary
      if (
        !match ||
        (match[2] && f('request-chunk-extensions')) ||
        (f('request-chunked-body') && /^0[^;]/.test(line))
      )
        throw new Refusal(400);
      let digits = match[1];
      if (digits.length > 16 && f('request-chunk-size-overflow')) digits = digits.slice(-16);
      if (digits.length > 12 && !f('request-chunk-size-overflow')) throw new Refusal(400);
      const size = parseInt(digits, 16);
      at = end + 2;
      if (size === 0) {
        const over = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at) + 2;
        return over < at ? null : {bytes: Buffer.concat(parts), used: over + 2};
      }
      if (rest.length < at + size + 2) return null;
      parts.push(rest.subarray(at, at + size));
      at += size + 2;
    }
  }

  #send(request, answer) {
    const {f, socket} = this;
    const {method, version} = request;
    const old = version === '1.0';
    const asked = /close/i.test(request.headers.connection ?? '') || (old && !f('response-http-1-0-closes'));
    let close = asked && !f('response-close-asked');
    const isHead = method === 'HEAD';
    const isStream = answer.start !== undefined && !(isHead && !f('stream-head-method'));
    const headers = [...answer.headers];
    const chunked =
      isStream && (!old || f('stream-http-1-0')) && !headers.some(([name]) => name === 'Content-Length');
    const closesAfter = isStream && (f('end-connection-as-said') || !chunked);
    if (!f('response-date')) headers.push(['Date', new Date().toUTCString()]);
    if (f('response-single-headers')) headers.push(['Date', new Date().toUTCString()]);
    if (chunked) headers.push(['Transfer-Encoding', 'chunked']);
    if (!isStream && answer.status !== 204 && answer.body !== undefined) {
      headers.push(['Content-Length', answer.body.length + (f('response-exact-length') ? 1 : 0)]);
    }
    if (f('end-204-has-no-body') && answer.status === 204) headers.push(['Content-Length', '0']);
    if (f('response-one-framing') && chunked) headers.push(['Content-Length', '5']);
    if (f('error-keeps-framing') && answer.status >= 400) headers.push(['Connection', 'close']);
    else if ((close || closesAfter) && !f('response-close-said')) headers.push(['Connection', 'close']);
    if (!isStream && f('response-persistent')) close = true;
    if (isStream && f('stream-many-at-once') && this.#streams.count >= 4) {
      answer.start = (write, end) => end();
    }
    const head = this.#headText(answer.status, headers);
    const write = (text) => socket.destroyed || socket.write(text);
    if (!isStream) {
      write(head);
      const body = answer.body ?? '';
      if (!isHead || (f('response-head-has-no-body') && answer.status >= 400)) write(body);
      if (close || this.#ended) socket.end();
      return;
    }
    let begun = answer.late !== true;
    if (begun) write(head);
    this.#busy = true;
    this.#streams.count++;
    this.#stops.push(() => this.#streams.count--);
    const chunk = (bytes) => {
      if (!begun) {
        // As a server that sends its head with the first event.
        return;
      }
      const data = Buffer.from(bytes);
      if (!chunked) return write(data);
      const size = f('framing-chunks') ? `${data.length.toString(16)} bytes` : data.length.toString(16);
      write(Buffer.concat([Buffer.from(`${size}\r\n`), data, Buffer.from('\r\n')]));
    };
    const stop = answer.start(chunk, () => {
      this.#busy = false;
      if (f('end-is-framed')) return socket.destroySoon();
      if (chunked) write('0\r\n\r\n');
      if (close || (closesAfter && !f('end-connection-as-said')) || this.#ended) socket.end();
      else this.#run();
    });
    if (typeof stop === 'function') this.#stops.push(stop);
  }

  #headText(status, headers) {
    const {f} = this;
    const version = f('response-version') ? '1.0' : '1.1';
    const line = f('response-status-line')
      ? `HTTP/${version} ${status}`
      : `HTTP/${version} ${status} ${kReasons[status] ?? ''}`;
    const colon = f('response-header-lines') ? ' : ' : ': ';
    const end = f('response-line-ends') ? '\n' : '\r\n';
    return `${line}\r\n${headers.map(([name, value]) => `${name}${colon}${value}${end}`).join('')}\r\n`;
  }
}
