// The bytes of an event stream.

const kSample = 10;

// Reads some events, and gives the stream.
async function sample(t, count = kSample) {
  const stream = await t.stream(t.target.endless);
  const events = await stream.take(count, t.deadline);
  t.expect(events.length === count, `the stream ends after ${events.length} events`);
  return {stream, events};
}

const noFault = (kind) => async (t) => {
  const {stream} = await sample(t);
  const fault = stream.faults.find((each) => each.kind === kind);
  t.expect(fault === undefined, fault?.text);
};

export default {
  group: 'stream-framing',
  title: 'The bytes of an event stream',
  checks: [
    {
      name: 'framing-utf-8',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.5',
      text: 'The stream is UTF-8.',
      run: noFault('utf8'),
    },
    {
      name: 'framing-known-fields',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.5, 9.2.6',
      text: 'Every line is a comment or one of event, data, id and retry; browsers drop others silently.',
      run: noFault('field'),
    },
    {
      name: 'framing-one-line-end',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.5',
      text: 'Lines end in one way; a CR or LF of another kind is data that has become a line.',
      async run(t) {
        const {stream} = await sample(t);
        const ends = [...stream.lineEnds];
        t.expect(ends.length === 1, `lines end with ${ends.join(' and ')}`);
      },
    },
    {
      name: 'framing-no-empty-events',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'A block with a name has data, or browsers do not dispatch it.',
      async run(t) {
        const {stream} = await sample(t);
        const empty = stream.blocks.find((block) => block.name !== null && !block.dispatched);
        t.expect(empty === undefined, JSON.stringify(empty?.lines));
      },
    },
    {
      name: 'framing-own-names',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.2',
      text: 'No event is named open or error: these are events of EventSource itself.',
      async run(t) {
        const {events} = await sample(t);
        const own = events.find(({name}) => name === 'open' || name === 'error');
        t.expect(own === undefined, `event: ${own?.name}`);
      },
    },
    {
      name: 'framing-retry',
      level: 'must',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'retry is digits only; anything else is ignored.',
      run: noFault('retry'),
    },
    {
      name: 'framing-retry-not-zero',
      level: 'practice',
      needs: ['endless'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'retry is at least 100 ms, or browsers reconnect in a loop.',
      async run(t) {
        const {stream} = await sample(t);
        const hasty = stream.blocks.find(({retry}) => retry !== null && retry < 100);
        t.expect(hasty === undefined, `retry: ${hasty?.retry}`);
      },
    },
    {
      name: 'framing-id-without-nul',
      level: 'must',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'No id contains U+0000, which makes browsers ignore it.',
      async run(t) {
        const stream = await t.stream(t.target.resumable);
        await t.publish();
        await stream.next(t.deadline);
        const fault = stream.faults.find(({kind}) => kind === 'id');
        t.expect(fault === undefined, fault?.text);
      },
    },
    {
      name: 'framing-id-fits-header',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'RFC 9110 5.5; WHATWG HTML 9.2.4',
      text: 'An id can be sent back in Last-Event-ID: no control characters, no spaces at its ends, at most 8,000 bytes.',
      async run(t) {
        const stream = await t.stream(t.target.resumable);
        await t.publish();
        const {lastId} = await stream.next(t.deadline);
        t.expect(!/[\x00-\x1f\x7f]|^ | $/.test(lastId), `id: ${JSON.stringify(lastId)}`);
        t.expect(Buffer.byteLength(lastId) <= 8000, `an id of ${Buffer.byteLength(lastId)} bytes`);
      },
    },
    {
      name: 'framing-chunks',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9112 7.1',
      text: 'Chunks have a size in hexadecimal digits, and CRLF after it and after their data.',
      async run(t) {
        const {stream} = await sample(t);
        if (stream.response.framing !== 'chunked') t.notOffered('the stream is not chunked');
        const fault = stream.response.faults.find(({kind}) => kind === 'chunk' || kind === 'line-end');
        t.expect(fault === undefined, fault?.text);
      },
    },
  ],
};
