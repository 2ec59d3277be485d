// Requests and responses of HTTP/2.

import {encodeHeaders} from '../lib/hpack.js';
import {Flag, Type, uint32} from '../lib/http2.js';
import {kForbidden, open, fields, bodyOf, status, headersOf, events, malformed} from '../lib/http2_trial.js';

export default {
  group: 'http2-requests',
  title: 'Requests of HTTP/2',
  checks: [
    {
      name: 'h2-stream',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 8.1; WHATWG HTML 9.2.3',
      text: 'An event stream is answered with 200 and text/event-stream, and events arrive.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.endless, [['accept', 'text/event-stream']]));
        const stream = await headersOf(t, h2, 1);
        t.expect(status(stream) === 200, `the status is ${status(stream)}`);
        await h2.until(() => events(stream) >= 3 || stream.ended, t.deadline, 'no events arrive');
        t.expect(!stream.ended, 'the stream ends');
      },
    },
    {
      name: 'h2-no-connection-headers',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 8.2.2',
      text: 'Answers have none of Connection, Keep-Alive, Transfer-Encoding and Upgrade.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.endless));
        h2.request(3, fields(t, t.ordinary), bodyOf(t.ordinary));
        for (const id of [1, 3]) {
          const {headers} = await headersOf(t, h2, id);
          const found = headers.find(([name]) => kForbidden.includes(name));
          t.expect(found === undefined, found?.join(': '));
        }
      },
    },
    {
      name: 'h2-lower-case',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 8.2.1, 8.3.2',
      text: 'Header names of answers are in lower case, and :status comes first.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.endless));
        const {headers} = await headersOf(t, h2, 1);
        t.expect(headers[0]?.[0] === ':status', `${headers[0]?.[0]} comes first`);
        const upper = headers.find(([name]) => /[A-Z]/.test(name));
        t.expect(upper === undefined, upper?.[0]);
      },
    },
    {
      name: 'h2-end-stream',
      level: 'must',
      needs: ['finite'],
      rule: 'RFC 9113 8.1, 5.1',
      text: 'A stream that ends has END_STREAM.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.finite));
        const stream = h2.stream(1);
        await h2.until(() => stream.ended || stream.reset !== null, t.deadline, 'it does not end');
        t.expect(stream.ended, `it is reset with ${stream.reset}`);
      },
    },
    {
      name: 'h2-reset-one',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 5.4.2, 6.4',
      text: 'Cancelling one stream leaves the others alone.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.endless));
        h2.request(3, fields(t, t.target.endless));
        await h2.until(
          () => events(h2.stream(1)) > 0 && events(h2.stream(3)) > 0,
          t.deadline,
          'no events arrive',
        );
        h2.send(Type.RST_STREAM, 0, 1, uint32(8));
        const before = events(h2.stream(3));
        t.expect(
          await h2.until(() => events(h2.stream(3)) > before + 1, t.deadline, 'the other gets nothing more'),
          'the connection ends',
        );
      },
    },
    {
      name: 'h2-reset-stops',
      level: 'practice',
      needs: ['endless'],
      rule: 'RFC 9113 5.1 (closed), 6.4',
      text: 'A cancelled stream gets no more frames once the server knows.',
      async run(t) {
        const h2 = await open(t);
        h2.request(1, fields(t, t.target.endless));
        await h2.until(() => events(h2.stream(1)) > 0, t.deadline, 'no events arrive');
        h2.send(Type.RST_STREAM, 0, 1, uint32(8));
        h2.send(Type.PING, 0, 0, Buffer.from('wire-003'));
        await h2.until(() => h2.pings.length > 0, t.deadline, 'PING is not answered');
        // What was on its way may come; then the stream is over.
        await h2.until(() => false, Date.now() + 200).catch(() => {});
        const before = h2.stream(1).data.length;
        await h2.until(() => h2.stream(1).data.length > before, Date.now() + 500).catch(() => {});
        t.expect(h2.stream(1).data.length === before, 'it does');
      },
    },
    {
      name: 'h2-without-path',
      level: 'must',
      rule: 'RFC 9113 8.3.1',
      text: 'A request without :path is malformed.',
      run: (t) => malformed(t, (all) => all.filter(([name]) => name !== ':path')),
    },
    {
      name: 'h2-upper-case-name',
      level: 'must',
      rule: 'RFC 9113 8.2.1',
      text: 'A header name in upper case is malformed.',
      run: (t) => malformed(t, (all) => [...all, ['X-Wire', 'a']]),
    },
    {
      name: 'h2-connection-header',
      level: 'must',
      rule: 'RFC 9113 8.2.2',
      text: 'A request with Connection is malformed.',
      run: (t) => malformed(t, (all) => [...all, ['connection', 'keep-alive']]),
    },
    {
      name: 'h2-late-pseudo-header',
      level: 'must',
      rule: 'RFC 9113 8.3',
      text: 'A pseudo-header after an ordinary one is malformed.',
      run: (t) => malformed(t, (all) => [['x-wire', 'a'], ...all]),
    },
    {
      name: 'h2-unknown-pseudo-header',
      level: 'must',
      rule: 'RFC 9113 8.3',
      text: 'An unknown pseudo-header is malformed.',
      run: (t) => malformed(t, (all) => [[':wire', 'a'], ...all]),
    },
    {
      name: 'h2-continued-headers',
      level: 'must',
      rule: 'RFC 9113 4.3, 6.10',
      text: 'A header block may be split into HEADERS and CONTINUATION.',
      async run(t) {
        const h2 = await open(t);
        const request = t.target.errors[0] ?? {method: 'GET', path: '/', headers: {}};
        const block = encodeHeaders(fields(t, request));
        h2.send(Type.HEADERS, Flag.END_STREAM, 1, block.subarray(0, 5));
        h2.send(Type.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(5));
        await headersOf(t, h2, 1);
      },
    },
    {
      name: 'h2-same-status',
      level: 'must',
      needs: ['errors'],
      rule: 'RFC 9110 15; RFC 9113 8.3.2',
      text: 'Refusals have the status that they have over HTTP/1.1.',
      async run(t) {
        const h2 = await open(t);
        let id = 1;
        for (const request of t.target.errors) {
          h2.request(id, fields(t, request), bodyOf(request));
          const stream = await headersOf(t, h2, id);
          t.expect(
            status(stream) === request.status,
            `${request.path}: ${status(stream)} instead of ${request.status}`,
          );
          id += 2;
        }
      },
    },
  ],
};
