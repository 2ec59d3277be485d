// The head of an answer that carries an event stream.

import {readQuiet} from '../lib/reading.js';

export default {
  group: 'stream-response',
  title: 'The answer that carries an event stream',
  checks: [
    {
      name: 'stream-status',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'An event stream is answered with 200; with any other status browsers give up.',
      async run(t) {
        const response = await t.send(t.target.endless, {extra: {Accept: 'text/event-stream'}});
        t.expect(response.status === 200, `the status is ${response.status}`);
      },
    },
    {
      name: 'stream-content-type',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.3, 9.2.5',
      text: 'Its type is text/event-stream, with no charset but UTF-8.',
      async run(t) {
        const {response} = await t.stream(t.target.endless);
        const type = response.header('content-type') ?? '';
        t.expect(/^text\/event-stream\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type), `Content-Type: ${type}`);
      },
    },
    {
      name: 'stream-without-length',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9110 8.6',
      text: 'A stream without an end has no Content-Length.',
      async run(t) {
        const {response} = await t.stream(t.target.endless);
        t.expect(response.header('content-length') === undefined, 'it has one');
      },
    },
    {
      name: 'stream-delivers',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'Events arrive while the response goes on.',
      async run(t) {
        const stream = await t.stream(t.target.endless);
        const events = await stream.take(3, t.deadline);
        t.expect(events.length === 3, 'the stream ends');
      },
    },
    {
      name: 'stream-head-at-once',
      level: 'practice',
      needs: ['quiet'],
      rule: 'WHATWG HTML 9.2.3 (announce the connection)',
      text: 'The head is sent before the first event: only then does a browser know that it is connected.',
      async run(t) {
        await t.stream(t.target.quiet);
      },
    },
    {
      name: 'stream-keep-alive',
      level: 'practice',
      needs: ['quiet'],
      rule: 'WHATWG HTML 9.2.7',
      text: 'A stream without events sends a comment now and then, so that proxies do not take it for dead.',
      async run(t) {
        const stream = await t.stream(t.target.quiet);
        await readQuiet(stream, t.target.keepaliveMs);
        t.expect(stream.comments > 0 || stream.blocks.length > 0, 'nothing is sent');
      },
    },
    {
      name: 'stream-not-stored',
      level: 'practice',
      needs: ['endless'],
      rule: 'RFC 9111 3, 4.2.2',
      text: 'Cache-Control is no-store, no-cache or private, or a shared cache may keep the stream.',
      async run(t) {
        const {response} = await t.stream(t.target.endless);
        const words = response.list('cache-control');
        t.expect(
          words.some((word) => ['no-store', 'no-cache', 'private'].includes(word)),
          `Cache-Control: ${words.join(', ')}`,
        );
      },
    },
    {
      name: 'stream-not-transformed',
      level: 'practice',
      needs: ['endless'],
      rule: 'RFC 9111 5.2.2.6',
      text: 'Cache-Control has no-transform, which keeps proxies from compressing and so from buffering.',
      async run(t) {
        const {response} = await t.stream(t.target.endless);
        t.expect(response.list('cache-control').includes('no-transform'), 'it has not');
      },
    },
    {
      name: 'stream-head-method',
      level: 'must',
      needs: ['endless', 'ordinary'],
      rule: 'RFC 9110 9.3.2',
      text: 'HEAD of a stream is answered with a head alone, and the answer ends.',
      async run(t) {
        const connection = await t.connect();
        const response = await t.send(t.target.endless, {connection, method: 'HEAD'});
        if (response.status === 405 || response.status === 501) t.notOffered(`HEAD: ${response.status}`);
        connection.write(t.bytes(t.ordinary, {extra: {Connection: 'close'}}));
        if (response.list('connection').includes('close')) {
          t.expect(!(await connection.more(0, t.deadline)), 'a body follows');
          return;
        }
        await connection.more(4, t.deadline, 'the next request is not answered');
        const next = connection.buffer.subarray(0, 5).toString('latin1');
        t.expect(next === 'HTTP/', `${JSON.stringify(next)} follows the head`);
      },
    },
    {
      name: 'stream-http-1-0',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9112 6.1',
      text: 'A client of HTTP/1.0 gets no Transfer-Encoding.',
      async run(t) {
        const response = await t.send(t.target.endless, {version: '1.0'});
        t.expect(
          response.header('transfer-encoding') === undefined,
          `Transfer-Encoding: ${response.header('transfer-encoding')}`,
        );
      },
    },
    {
      name: 'stream-many-at-once',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.7',
      text: 'Six streams of one page, as many as browsers open over HTTP/1.1, are served at once.',
      async run(t) {
        const streams = await Promise.all(Array.from({length: 6}, () => t.stream(t.target.endless)));
        const events = await Promise.all(streams.map((stream) => stream.next(t.deadline)));
        t.expect(
          events.every((event) => event !== null),
          'one of them ends',
        );
      },
    },
  ],
};
