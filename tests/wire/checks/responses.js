// What every response of HTTP/1.1 has to look like, whatever it carries.

const kSingle = [
  'content-type',
  'content-length',
  'date',
  'location',
  'etag',
  'retry-after',
  'content-encoding',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'server',
];

// One response of each kind that the target tells of, with its head read.
async function each(t, use) {
  const {endless, finite, unary, errors} = t.target;
  for (const request of [endless, finite, unary, ...errors]) {
    if (request === undefined) continue;
    const response = await t.send(request);
    await use(response, `${request.method} ${request.path}`, request);
  }
}

const noFault =
  (...kinds) =>
  (t) =>
    each(t, async (response, name, request) => {
      if (request !== t.target.endless) await response.body();
      const fault = response.faults.find(({kind}) => kinds.includes(kind));
      t.expect(fault === undefined, `${name}: ${fault?.text}`);
    });

export default {
  group: 'responses',
  title: 'Responses of HTTP/1.1',
  checks: [
    {
      name: 'response-status-line',
      level: 'must',
      rule: 'RFC 9112 4',
      text: 'The status line is HTTP/1.1 SP status SP reason, with the second space even without a reason.',
      run: noFault('status-line'),
    },
    {
      name: 'response-header-lines',
      level: 'must',
      rule: 'RFC 9112 5, 5.1; RFC 9110 5.5',
      text: 'Header lines are a token, a colon and a value without control characters.',
      run: noFault('header'),
    },
    {
      name: 'response-line-ends',
      level: 'must',
      rule: 'RFC 9112 2.2',
      text: 'Lines end with CRLF.',
      run: noFault('line-end'),
    },
    {
      name: 'response-one-framing',
      level: 'must',
      rule: 'RFC 9112 6.2',
      text: 'No response has both Content-Length and Transfer-Encoding.',
      run: (t) =>
        each(t, (response, name) =>
          t.expect(
            response.header('content-length') === undefined ||
              response.header('transfer-encoding') === undefined,
            `${name}: both`,
          ),
        ),
    },
    {
      name: 'response-single-headers',
      level: 'must',
      rule: 'RFC 9110 5.3',
      text: 'Headers that are no lists come once.',
      run: (t) =>
        each(t, (response, name) => {
          const twice = kSingle.find((header) => response.all(header).length > 1);
          t.expect(twice === undefined, `${name}: ${twice} comes twice`);
        }),
    },
    {
      name: 'response-date',
      level: 'must',
      rule: 'RFC 9110 6.6.1, 5.6.7',
      text: 'Each has a Date in the preferred form.',
      run: (t) =>
        each(t, (response, name) => {
          const date = response.header('date') ?? '';
          t.expect(
            /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(date),
            `${name}: Date: ${date}`,
          );
        }),
    },
    {
      name: 'response-version',
      level: 'must',
      rule: 'RFC 9110 2.5',
      text: 'The version is HTTP/1.1.',
      run: (t) =>
        each(t, (response, name) =>
          t.expect(response.version === '1.1', `${name}: HTTP/${response.version}`),
        ),
    },
    {
      name: 'response-content-type',
      level: 'should',
      rule: 'RFC 9110 8.3',
      text: 'A response with content has a Content-Type.',
      run: (t) =>
        each(t, (response, name) =>
          t.expect(response.complete || response.header('content-type') !== undefined, `${name}: none`),
        ),
    },
    {
      name: 'response-no-sniff',
      level: 'practice',
      rule: 'Fetch: X-Content-Type-Options header',
      text: 'JSON answers say nosniff, so that no browser takes text from users for a page.',
      needs: ['unary'],
      async run(t) {
        const response = await t.send(t.target.unary);
        t.expect(response.header('x-content-type-options')?.toLowerCase() === 'nosniff', 'there is none');
      },
    },
    {
      name: 'response-exact-length',
      level: 'must',
      rule: 'RFC 9110 8.6',
      needs: ['unary'],
      text: 'A body is as long as its framing says: the next answer begins right after it.',
      async run(t) {
        const connection = await t.connect();
        for (let i = 0; i < 3; ++i) {
          const response = await t.send(t.target.unary, {connection});
          const body = await response.body();
          t.expect(response.complete, 'the body is shorter');
          if (/json/.test(response.header('content-type') ?? '')) JSON.parse(body.toString('utf8'));
        }
      },
    },
    {
      name: 'response-persistent',
      level: 'must',
      rule: 'RFC 9112 9.3',
      needs: ['unary'],
      text: 'A connection of HTTP/1.1 persists unless the answer says close.',
      async run(t) {
        const connection = await t.connect();
        const response = await t.send(t.target.unary, {connection});
        await response.body();
        if (response.list('connection').includes('close')) t.notOffered('the server closes');
        await t.send(t.target.unary, {connection});
      },
    },
    {
      name: 'response-close-asked',
      level: 'must',
      needs: ['ordinary'],
      rule: 'RFC 9112 9.6',
      text: 'After a request with Connection: close the server closes.',
      async run(t) {
        const response = await t.send(t.ordinary, {extra: {Connection: 'close'}});
        await response.body();
        t.expect(await response.connection.ends(t.deadline), 'the connection stays open');
      },
    },
    {
      name: 'response-close-said',
      level: 'should',
      rule: 'RFC 9112 9.6',
      text: 'And its answer says so.',
      async run(t) {
        const response = await t.send(t.ordinary, {extra: {Connection: 'close'}});
        t.expect(
          response.list('connection').includes('close'),
          `Connection: ${response.header('connection') ?? '(none)'}`,
        );
      },
    },
    {
      name: 'response-http-1-0-closes',
      level: 'must',
      needs: ['ordinary'],
      rule: 'RFC 9112 9.3',
      text: 'A connection of HTTP/1.0 closes after the answer.',
      async run(t) {
        const response = await t.send(t.ordinary, {version: '1.0'});
        await response.body();
        t.expect(await response.connection.ends(t.deadline), 'the connection stays open');
      },
    },
    {
      name: 'response-head-has-no-body',
      level: 'must',
      rule: 'RFC 9110 9.3.2; RFC 9112 6.3',
      needs: ['errors'],
      text: 'An error in answer to HEAD has no body.',
      async run(t) {
        const request = t.target.errors.find(({method}) => method === 'GET');
        if (request === undefined) t.notOffered('no --error is a GET');
        const connection = await t.connect();
        const response = await t.send(request, {connection, method: 'HEAD'});
        const closes = response.list('connection').includes('close');
        if (!closes) connection.write(t.bytes(t.ordinary));
        if (!(await connection.more(closes ? 0 : 4, t.deadline))) return;
        const next = connection.buffer.subarray(0, 5).toString('latin1');
        t.expect(next === 'HTTP/', `${JSON.stringify(next)} follows the head`);
      },
    },
  ],
};
