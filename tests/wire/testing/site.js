// A server's answers, as the suite wants them; `faults` has the names of checks
// whose rule is broken. Knows nothing of framing: that is http1.js and http2.js.

import zlib from 'node:zlib';

const kEveryMs = 15;
const kOrigin = 'https://page.example';

const kStatus = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  406: 'INVALID_ARGUMENT',
  413: 'INVALID_ARGUMENT',
  414: 'INVALID_ARGUMENT',
  431: 'INVALID_ARGUMENT',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  505: 'UNIMPLEMENTED',
};
const kRoutes = {
  '/endless': 'GET',
  '/quiet': 'GET',
  '/log': 'GET',
  '/finite': 'GET',
  '/failing': 'GET',
  '/unary': 'POST',
  '/publish': 'POST',
};

export class Site {
  #log = [];
  #readers = new Set();

  constructor(faults) {
    this.fault = (name) => faults.has(name);
    this.faults = faults;
  }

  /** {status, headers, body} or {status, headers, start(write, end) -> stop}. */
  answer(request) {
    const answer = this.#route(request);
    if (answer.body === undefined && !answer.start && answer.status !== 204) answer.body = Buffer.alloc(0);
    if (this.fault('response-content-type'))
      answer.headers = answer.headers.filter(([name]) => !/content-type/i.test(name));
    this.#cors(request, answer);
    this.#code(request, answer);
    return answer;
  }

  error(status, extra = []) {
    const error = {code: status, status: kStatus[status] ?? 'UNKNOWN', message: 'as told', details: []};
    if (this.fault('error-body')) error.code = 200;
    if (this.fault('error-code-names')) error.status = 'NOT_SO_GOOD';
    if (this.fault('error-details')) error.details = [{reason: 'x'}];
    const headers = [
      ['Content-Type', this.fault('error-content-type') ? 'text/html' : 'application/json'],
      ...extra,
    ];
    if (!this.fault('error-is-not-stored')) headers.push(['Cache-Control', 'no-store']);
    if (status === 401 && !this.fault('error-401-challenge')) headers.push(['WWW-Authenticate', 'Bearer']);
    if (status === 503) headers.push(['Retry-After', this.fault('error-retry-after') ? 'soon' : '5']);
    if (status === 404 && this.fault('error-status')) status = 400;
    return {status, headers, body: Buffer.from(JSON.stringify({error}))};
  }

  #route(request) {
    const path = request.path.split('?')[0];
    let {method} = request;
    if (method === 'get' && this.fault('error-method-has-case')) method = 'GET';
    if (method === 'BREW' && this.fault('error-unknown-method')) method = 'GET';
    if (method === 'OPTIONS') return this.#preflight(request);
    if (path === '/secret') return this.error(401);
    if (path === '/busy') return this.error(503);
    const allowed = kRoutes[path];
    if (allowed === undefined) return this.error(404);
    if (method !== allowed && !(method === 'HEAD' && allowed === 'GET')) {
      return this.error(405, this.fault('error-405-allow') ? [] : [['Allow', `${allowed}, HEAD, OPTIONS`]]);
    }
    if (path === '/unary' || path === '/publish') return this.#call(path, request);
    return this.#stream(path, request);
  }

  #call(path, request) {
    try {
      JSON.parse(request.body);
    } catch {
      return this.error(400);
    }
    if (path === '/publish') this.#append(request.body);
    return {
      status: 200,
      body: Buffer.from('{"ok":true}'),
      headers: [
        ['Content-Type', 'application/json'],
        ...(this.fault('response-no-sniff') ? [] : [['X-Content-Type-Options', 'nosniff']]),
      ],
    };
  }

  #append(body) {
    let id = `é${this.#log.length}`;
    if (this.fault('resume-unique-ids')) id = 'é0';
    if (this.fault('framing-id-without-nul')) id = 'é\0';
    if (this.fault('framing-id-fits-header')) id = ` ${id} `;
    const event = {id, text: `id: ${id}\ndata: ${body}\n\n`};
    this.#log.push(event);
    for (const reader of this.#readers) reader(event);
  }

  #stream(path, request) {
    const f = this.fault;
    const type = f('stream-content-type') ? 'text/plain' : 'text/event-stream';
    const cache = [
      !f('stream-not-stored') && 'no-store',
      !f('stream-not-transformed') && 'no-transform',
    ].filter(Boolean);
    const headers = [
      ['Content-Type', type],
      ...(cache.length > 0 ? [['Cache-Control', cache.join(', ')]] : []),
    ];
    const id = Buffer.from(request.headers['last-event-id'] ?? '', 'latin1').toString('utf8');
    if (path === '/endless') {
      if (f('stream-without-length')) headers.push(['Content-Length', '1000000']);
      return {
        status: f('stream-status') ? 206 : 200,
        headers,
        start: (write, end) => this.#endless(write, end),
      };
    }
    if (path === '/quiet')
      return {status: 200, headers, late: f('stream-head-at-once'), start: (write) => this.#quiet(write)};
    if (path === '/finite') return this.#finite(headers, id);
    if (path === '/failing') return this.#failing(headers, id);
    return this.#resumable(headers, id, request);
  }

  #endless(write, end) {
    const f = this.fault;
    let n = 0;
    const first = f('framing-retry')
      ? 'retry: 2s\n'
      : f('framing-retry-not-zero')
        ? 'retry: 0\n'
        : 'retry: 2000\n';
    write(`${first}: hello\n\n`);
    if (f('stream-delivers')) return setTimeout(end, 5);
    const timer = setInterval(() => {
      n++;
      let event = `event: tick\ndata: {"n":${n},"text":"ä日"}\n\n`;
      if (f('framing-utf-8')) event = Buffer.from(`data: \xe4 ${n}\n\n`, 'latin1');
      if (f('framing-known-fields')) event = `data: ${n}\nkind: tick\n\n`;
      if (f('framing-one-line-end')) event = `data: ${n}\r\n\n`;
      if (f('framing-no-empty-events')) event = `event: tick\n\ndata: ${n}\n\n`;
      if (f('framing-own-names')) event = `event: error\ndata: ${n}\n\n`;
      write(event);
    }, kEveryMs);
    return () => clearInterval(timer);
  }

  #quiet(write) {
    write(': hello\n\n');
    const timer = this.fault('stream-keep-alive') ? undefined : setInterval(() => write(': ping\n\n'), 100);
    return () => clearInterval(timer);
  }

  #finite(headers, id) {
    const f = this.fault;
    if (id === 'ended' && !f('end-stops-reconnects')) return {status: 204, headers: []};
    return {
      status: 200,
      headers,
      start: (write, end) => {
        write('id: 1\ndata: {"n":1}\n\n');
        if (f('end-event-once')) write('event: end\ndata: {"code":0}\n\n');
        write(`${f('end-event') ? '' : 'event: end\n'}id: ended\ndata: {"code":0,"message":""}\n\n`);
        if (f('end-after-whole-event')) write('data: half');
        end();
      },
    };
  }

  #failing(headers, id) {
    if (id === 'failed' && this.fault('end-failure-is-no-success')) return {status: 204, headers: []};
    const code = this.fault('end-failure-is-told') ? 0 : 13;
    return {
      status: 200,
      headers,
      start: (write, end) => {
        write(`data: {"n":1}\n\nevent: end\nid: failed\ndata: {"code":${code},"message":"told"}\n\n`);
        end();
      },
    };
  }

  #resumable(headers, id, request) {
    const f = this.fault;
    if (f('resume-empty-id') && request.headers['last-event-id'] === '') return this.error(400);
    if (f('resume-utf-8-id') && id.startsWith('é-')) return this.error(400);
    let at = id === '' ? this.#log.length : this.#log.findIndex((event) => event.id === id) + 1;
    const unknown = id !== '' && at === 0;
    if (unknown && f('resume-unknown-id')) return this.error(400);
    if (unknown) at = this.#log.length;
    if (f('resume-continues') && id !== '' && at > 0) at++;
    return {
      status: 200,
      headers,
      start: (write) => {
        write(': hello\n\n');
        if (unknown && !f('resume-reset')) {
          write(
            `event: reset\n${f('resume-reset-clears-id') ? '' : 'id:\n'}data: {"requested":"","oldest":""}\n\n`,
          );
        }
        for (const {text} of this.#log.slice(at)) write(text);
        if (f('resume-twice') && id !== '' && at > 0) this.#log.splice(at - 1, 1);
        if (f('resume-then-live') && id !== '') return () => {};
        let held = '';
        const reader = ({text}) => {
          if (!f('resume-delivered-at-once')) return write(text);
          if (held !== '') write(held);
          held = text;
        };
        this.#readers.add(reader);
        return () => this.#readers.delete(reader);
      },
    };
  }

  #preflight({headers}) {
    const f = this.fault;
    if (f('cors-preflight') && headers['access-control-request-method']) return this.error(401);
    return {
      status: 204,
      headers: [
        ['Access-Control-Allow-Methods', 'GET, POST'],
        [
          'Access-Control-Allow-Headers',
          f('cors-preflight-headers') ? '*' : 'authorization, content-type, last-event-id',
        ],
        ['Access-Control-Max-Age', f('cors-preflight-age') ? '1h' : '600'],
      ],
    };
  }

  #cors({headers: {origin}, path}, {status, headers}) {
    const f = this.fault;
    if (origin === undefined) return;
    if (!f('cors-vary')) headers.push(['Vary', 'Origin']);
    if (origin !== kOrigin && !f('cors-foreign')) return;
    if (f('cors-stream') && path.startsWith('/endless')) return;
    if (f('cors-error') && status >= 400) return;
    headers.push(['Access-Control-Allow-Origin', origin]);
    headers.push(['Access-Control-Allow-Credentials', f('cors-credentials') ? 'yes' : 'true']);
  }

  // gzip, for whoever accepts it.
  #code({headers: {'accept-encoding': accept = ''}}, answer) {
    const f = this.fault;
    const accepted = accept.split(',').map((word) => word.trim().toLowerCase());
    const wanted =
      accepted.includes('gzip') ||
      (f('coding-was-asked-for') && accept !== '') ||
      (f('coding-refused') && accept.includes('gzip'));
    if (!wanted || answer.status !== 200) return;
    answer.headers.push(['Content-Encoding', 'gzip']);
    if (!f('coding-varies')) answer.headers.push(['Vary', 'Accept-Encoding']);
    if (answer.body !== undefined) {
      if (!f('coding-length')) answer.body = zlib.gzipSync(answer.body);
      return;
    }
    const {start} = answer;
    answer.start = (write, end) => {
      const gzip = zlib.createGzip();
      gzip.on('data', write);
      gzip.on('end', end);
      const flushed = (text) => {
        gzip.write(text);
        if (!f('coding-is-flushed')) gzip.flush(zlib.constants.Z_SYNC_FLUSH);
      };
      return start(flushed, () =>
        f('coding-ends') ? gzip.flush(zlib.constants.Z_SYNC_FLUSH, end) : gzip.end(),
      );
    };
  }
}
