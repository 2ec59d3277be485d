// Requests at the edges of HTTP/1.1.

import {altered, withLines, isHost, refused, bodyOf, plainStatus, asUsual} from '../lib/requests.js';

export default {
  group: 'requests',
  title: 'Requests at the edges of HTTP/1.1',
  checks: [
    {
      name: 'request-without-host',
      level: 'must',
      rule: 'RFC 9112 3.2',
      text: 'A request without Host is refused with 400.',
      run: (t) =>
        refused(
          t,
          altered(t, (lines) => lines.filter((line) => !isHost(line))),
        ),
    },
    {
      name: 'request-two-hosts',
      level: 'must',
      rule: 'RFC 9112 3.2',
      text: 'A request with two Host lines is refused with 400.',
      run: (t) => refused(t, altered(t, withLines('Host: other.example'))),
    },
    {
      name: 'request-invalid-host',
      level: 'must',
      rule: 'RFC 9112 3.2',
      text: 'A Host that is none is refused with 400.',
      run: (t) =>
        refused(
          t,
          altered(t, (lines) => lines.map((line) => (isHost(line) ? 'Host: a b/c' : line))),
        ),
    },
    {
      name: 'request-space-before-colon',
      level: 'must',
      rule: 'RFC 9112 5.1',
      text: 'Space between a header name and its colon is refused with 400.',
      run: (t) => refused(t, altered(t, withLines('X-Wire : a'))),
    },
    {
      name: 'request-bare-cr',
      level: 'must',
      rule: 'RFC 9112 2.2',
      text: 'A CR alone does not end a header line: here Host would follow it.',
      run: (t) =>
        refused(
          t,
          altered(t, (lines) => {
            const host = lines.find(isHost);
            return [lines[0], `X-Wire: a\r${host}`, ...lines.slice(1).filter((line) => line !== host)];
          }),
        ),
    },
    {
      name: 'request-absolute-form',
      level: 'must',
      rule: 'RFC 9112 3.2.2',
      text: 'A target in absolute form is accepted.',
      run: asUsual((t) =>
        altered(t, ([first, ...rest]) => {
          const [method, path, version] = first.split(' ');
          return [`${method} ${t.target.url}${path} ${version}`, ...rest];
        }),
      ),
    },
    {
      name: 'request-unknown-version',
      level: 'should',
      rule: 'RFC 9110 2.5, 15.6.6',
      text: 'A major version that the server does not speak is refused with 505 (or 400).',
      run: (t) =>
        refused(
          t,
          altered(t, ([first, ...rest]) => [first.replace('HTTP/1.1', 'HTTP/7.0'), ...rest]),
          [400, 505],
        ),
    },
    {
      name: 'request-leading-empty-line',
      level: 'should',
      rule: 'RFC 9112 2.2',
      text: 'An empty line before a request is ignored.',
      run: asUsual((t) => `\r\n${t.bytes(t.ordinary).toString('latin1')}`),
    },
    {
      name: 'request-long-target',
      level: 'must',
      rule: 'RFC 9112 3',
      text: 'A target that is too long is refused with 414.',
      run: (t) =>
        refused(
          t,
          altered(t, ([first, ...rest]) => [first.replace(' HTTP', `?${'x'.repeat(100_000)} HTTP`), ...rest]),
          [414],
        ),
    },
    {
      name: 'request-large-head',
      level: 'must',
      rule: 'RFC 9110 5.4; RFC 6585 5',
      text: 'A head that is too large is refused with a status of 4xx.',
      async run(t) {
        const lines = Array.from({length: 300}, (_, i) => `X-Wire-${i}: ${'x'.repeat(1000)}`);
        const response = await t.raw(altered(t, withLines(...lines)));
        t.expect(response.status >= 400 && response.status < 500, `the status is ${response.status}`);
      },
    },
    {
      name: 'request-expect-continue',
      level: 'must',
      rule: 'RFC 9110 10.1.1',
      needs: ['unary'],
      text: 'Expect: 100-continue is answered before the body: with 100, or at once with the final status.',
      async run(t) {
        const body = bodyOf(t.target.unary);
        if (body === '') t.notOffered('--unary has no body');
        const connection = await t.connect();
        const bytes = t.bytes(t.target.unary, {extra: {Expect: '100-continue'}});
        connection.write(bytes.subarray(0, bytes.length - Buffer.byteLength(body)));
        await connection.more(0, t.deadline, 'nothing is sent before the body');
        connection.write(Buffer.from(body, 'utf8'));
        const response = await t.answer(connection);
        t.expect(
          response.interim.every(({status}) => status === 100),
          'an interim response that is not 100',
        );
      },
    },
    {
      name: 'request-pipelined',
      level: 'must',
      needs: ['ordinary'],
      rule: 'RFC 9112 9.3.2',
      text: 'Requests that are sent together are answered one after the other, in their order.',
      async run(t) {
        const usual = await plainStatus(t);
        const connection = await t.connect();
        const one = t.bytes(t.ordinary);
        connection.write(
          Buffer.concat([
            one,
            one,
            t.bytes({...t.ordinary, method: 'BREW', body: undefined}, {extra: {Host: null}}),
          ]),
        );
        for (const expected of [usual, usual, 400]) {
          const response = await t.answer(connection, t.ordinary.method);
          t.expect(response.status === expected, `${response.status} instead of ${expected}`);
          await response.body();
        }
      },
    },
    {
      name: 'request-byte-by-byte',
      level: 'must',
      rule: 'RFC 9112 2.2',
      text: 'A request that arrives in pieces is the same request.',
      async run(t) {
        const usual = await plainStatus(t);
        const connection = await t.connect();
        for (const byte of t.bytes(t.ordinary)) {
          connection.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        const {status} = await t.answer(connection, t.ordinary.method);
        t.expect(status === usual, `the status is ${status}, in one piece ${usual}`);
      },
    },
    {
      name: 'request-half-closed',
      level: 'practice',
      rule: 'RFC 9112 9.6',
      text: 'A client that has ended its side after the request still gets the answer.',
      async run(t) {
        if (t.target.tls) t.notOffered('TLS');
        const usual = await plainStatus(t);
        const connection = await t.connect();
        connection.write(t.bytes(t.ordinary));
        connection.endWriting();
        const {status} = await t.answer(connection, t.ordinary.method);
        t.expect(status === usual, `the status is ${status}, else ${usual}`);
      },
    },
  ],
};
