// Where a request ends. If a server and a proxy in front of it disagree, one request
// can be hidden in another (request smuggling).

import {refused, framed, refusedForGood, bodyOf, content, plainStatus} from '../lib/requests.js';

export default {
  group: 'request-framing',
  title: 'Where a request ends',
  checks: [
    {
      name: 'request-folded-line',
      level: 'must',
      needs: ['ordinary'],
      rule: 'RFC 9112 5.2',
      text: 'A folded header line is refused with 400, or read as one line: here it holds a length.',
      async run(t) {
        const hidden = `GET / HTTP/1.1\r\nHost: ${t.target.authority}\r\n\r\n`;
        const response = await t.raw(framed(t, `Content-Length:\r\n ${hidden.length}`, hidden));
        await response.body();
        const more = await response.connection.more(0, Date.now() + 500).catch(() => false);
        t.expect(!more, 'the body is answered as a request');
      },
    },
    {
      name: 'request-two-lengths',
      level: 'must',
      rule: 'RFC 9110 8.6; RFC 9112 6.3',
      text: 'Two different Content-Lengths are refused with 400.',
      run(t) {
        const {body, length} = content(t);
        return refusedForGood(
          t,
          framed(t, `Content-Length: ${length}\r\nContent-Length: ${length + 1}`, `${body} `),
        );
      },
    },
    ...Object.entries({plus: ['+', ''], letter: ['', 'a'], minus: ['-', ''], hexadecimal: ['0x', '']}).map(
      ([name, [before, after]]) => ({
        name: `request-length-${name}`,
        level: 'must',
        rule: 'RFC 9112 6.3',
        text: `Content-Length: ${before}2${after} is refused with 400, and the connection closes.`,
        run(t) {
          const {body, length} = content(t);
          return refusedForGood(t, framed(t, `Content-Length: ${before}${length}${after}`, body));
        },
      }),
    ),
    {
      name: 'request-length-and-chunked',
      level: 'must',
      needs: ['ordinary'],
      rule: 'RFC 9112 6.1, 6.3',
      text: 'Content-Length beside Transfer-Encoding is refused, or the connection closes after the answer.',
      async run(t) {
        const follow = t.bytes(t.ordinary).toString('latin1');
        const response = await t.raw(
          framed(t, 'Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${follow}`),
        );
        await response.body();
        const more = await response.connection.more(0, t.deadline);
        t.expect(!more, 'what follows is answered on the same connection');
      },
    },
    {
      name: 'request-chunked-not-last',
      level: 'must',
      rule: 'RFC 9112 6.3',
      text: 'A Transfer-Encoding whose last coding is not chunked is refused.',
      run: (t) =>
        refusedForGood(t, framed(t, 'Transfer-Encoding: chunked, identity', content(t).chunks), [400, 501]),
    },
    {
      name: 'request-unknown-coding',
      level: 'should',
      rule: 'RFC 9112 6.1',
      text: 'An unknown transfer coding is refused with 501 (or 400).',
      run: (t) =>
        refusedForGood(t, framed(t, 'Transfer-Encoding: wire, chunked', content(t).chunks), [400, 501]),
    },
    {
      name: 'request-chunk-size-invalid',
      level: 'must',
      rule: 'RFC 9112 7.1',
      text: 'A chunk whose size is no number is refused with 400.',
      run: (t) =>
        refusedForGood(t, framed(t, 'Transfer-Encoding: chunked', `zz\r\n${content(t).body}\r\n0\r\n\r\n`)),
    },
    {
      name: 'request-chunk-size-overflow',
      level: 'must',
      rule: 'RFC 9112 7.1',
      text: 'A chunk size that does not fit into 64 bits does not wrap around.',
      async run(t) {
        const {body, length} = content(t);
        const size = (2n ** 64n + BigInt(length)).toString(16);
        await refusedForGood(
          t,
          framed(t, 'Transfer-Encoding: chunked', `${size}\r\n${body}\r\n0\r\n\r\n`),
          [400, 413],
        );
      },
    },
    {
      name: 'request-chunked-body',
      level: 'must',
      rule: 'RFC 9112 7.1',
      needs: ['unary'],
      text: 'A chunked body is the same as one with a length; sizes in upper case and leading zeros are allowed.',
      async run(t) {
        const usual = await plainStatus(t);
        const body = bodyOf(t.target.unary);
        if (body === '') t.notOffered('--unary has no body');
        const chunks = `00${Buffer.byteLength(body).toString(16).toUpperCase()}\r\n${body}\r\n0\r\n\r\n`;
        const {status} = await t.raw(framed(t, 'Transfer-Encoding: chunked', chunks));
        t.expect(status === usual, `the status is ${status}, with a length ${usual}`);
      },
    },
    {
      name: 'request-chunk-extensions',
      level: 'must',
      rule: 'RFC 9112 7.1.1, 7.1.2',
      needs: ['unary'],
      text: 'Unknown chunk extensions and trailers are ignored.',
      async run(t) {
        const usual = await plainStatus(t);
        const body = bodyOf(t.target.unary);
        if (body === '') t.notOffered('--unary has no body');
        const chunks = `${Buffer.byteLength(body).toString(16)};wire=1;q="a b"\r\n${body}\r\n0\r\nX-Wire: a\r\n\r\n`;
        const {status} = await t.raw(framed(t, 'Transfer-Encoding: chunked', chunks));
        t.expect(status === usual, `the status is ${status}, without ${usual}`);
      },
    },
  ],
};
