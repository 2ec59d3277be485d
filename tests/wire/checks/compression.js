// Content codings, for servers that offer them.

import {Decoder, kCodings} from '../lib/decoder.js';
import {EventStream} from '../lib/event_stream.js';

const kBrowser = 'gzip, deflate, br, zstd';

async function coded(t, request, accept = kCodings.join(', ')) {
  const response = await t.send(request, {extra: {'Accept-Encoding': accept}});
  const coding = response.list('content-encoding').at(-1) ?? 'identity';
  return {response, coding};
}

async function offered(t, request, accept) {
  const {response, coding} = await coded(t, request, accept);
  if (coding === 'identity') t.notOffered('no content coding is negotiated');
  return {response, coding};
}

export default {
  group: 'compression',
  title: 'Content codings',
  checks: [
    {
      name: 'coding-was-asked-for',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9110 12.5.3, 8.4',
      text: 'A coding is one that the client accepts.',
      async run(t) {
        await offered(t, t.target.endless, kBrowser);
        for (const one of kCodings) {
          const {coding} = await coded(t, t.target.endless, one);
          t.expect([one, `x-${one}`, 'identity'].includes(coding), `${coding} for Accept-Encoding: ${one}`);
        }
      },
    },
    {
      name: 'coding-refused',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9110 12.4.2, 12.5.3',
      text: 'A coding with q=0 is not used, nor any for "identity".',
      async run(t) {
        await offered(t, t.target.endless, kBrowser);
        for (const accept of ['gzip;q=0, br;q=0, deflate;q=0, zstd;q=0', 'identity', '*;q=0, identity']) {
          const {coding} = await coded(t, t.target.endless, accept);
          t.expect(coding === 'identity', `${coding} for Accept-Encoding: ${accept}`);
        }
      },
    },
    {
      name: 'coding-is-flushed',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.6; RFC 1951 3.2.4',
      text: 'Each event of a compressed stream can be decoded when it arrives.',
      async run(t) {
        const {response, coding} = await offered(t, t.target.endless);
        const stream = new EventStream(new Decoder(response, coding), response);
        const events = await stream.take(5, t.deadline);
        t.expect(events.length === 5, 'the stream ends');
        t.expect(stream.faults.length === 0, stream.faults[0]?.text);
      },
    },
    {
      name: 'coding-varies',
      level: 'should',
      needs: ['endless'],
      rule: 'RFC 9110 12.5.5',
      text: 'A compressed stream has Vary: Accept-Encoding.',
      async run(t) {
        const {response} = await offered(t, t.target.endless);
        const vary = response.list('vary');
        t.expect(vary.includes('accept-encoding') || vary.includes('*'), `Vary: ${vary.join(', ')}`);
      },
    },
    {
      name: 'coding-ends',
      level: 'must',
      needs: ['finite'],
      rule: 'RFC 1952 2.3; RFC 7932 9',
      text: 'The compressed data of a stream that ends is complete.',
      async run(t) {
        const {response, coding} = await offered(t, t.target.finite);
        const stream = new EventStream(new Decoder(response, coding), response);
        while ((await stream.next(t.deadline)) !== null);
        t.expect(stream.blocks.length > 0, 'nothing is in it');
        t.expect(stream.rest === '', `left over: ${JSON.stringify(stream.rest)}`);
      },
    },
    {
      name: 'coding-length',
      level: 'must',
      needs: ['unary'],
      rule: 'RFC 9110 8.4, 8.6',
      text: 'Content-Length counts the coded bytes, and they decode to the same text.',
      async run(t) {
        const {response, coding} = await offered(t, t.target.unary);
        const decoder = new Decoder(response, coding);
        const parts = [];
        for (let part; (part = await decoder.next(t.deadline)) !== null;) parts.push(part);
        t.expect(Buffer.concat(parts).length > 0, 'it is empty');
      },
    },
  ],
};
