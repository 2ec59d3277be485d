// How a stream ends, and what a browser that comes back then is told.

async function whole(t, request) {
  const stream = await t.stream(request);
  const events = [];
  for (let event; (event = await stream.next(t.deadline)) !== null;) events.push(event);
  return {stream, events};
}

export default {
  group: 'ends',
  title: 'The end of a stream',
  checks: [
    {
      name: 'end-is-framed',
      level: 'must',
      needs: ['finite'],
      rule: 'RFC 9112 8',
      text: 'A stream that ends completes its message: the last chunk, or the whole length, or an orderly close.',
      async run(t) {
        const {stream} = await whole(t, t.target.finite);
        t.expect(stream.response.complete, 'the connection ends before the message does');
      },
    },
    {
      name: 'end-after-whole-event',
      level: 'must',
      needs: ['finite'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'The last event ends with a blank line; browsers discard half an event.',
      async run(t) {
        const {stream} = await whole(t, t.target.finite);
        t.expect(stream.rest === '', `left over: ${JSON.stringify(stream.rest)}`);
      },
    },
    {
      name: 'end-stops-reconnects',
      level: 'practice',
      needs: ['finite'],
      rule: 'WHATWG HTML 9.2.1, 9.2.3',
      text: 'Who comes back after the end gets 204, which stops EventSource; a finished stream is not read for ever.',
      async run(t) {
        const {stream} = await whole(t, t.target.finite);
        t.expect(stream.lastId !== '', 'the stream has no id, so the next request is a first visit');
        const response = await t.send(t.target.finite, {
          extra: {Accept: 'text/event-stream', 'Last-Event-ID': stream.lastId},
        });
        t.expect(response.status === 204, `the status is ${response.status}`);
      },
    },
    {
      name: 'end-204-has-no-body',
      level: 'must',
      needs: ['finite'],
      rule: 'RFC 9110 8.6, 15.3.5; RFC 9112 6.1',
      text: '204 has neither a body nor Content-Length nor Transfer-Encoding.',
      async run(t) {
        const {stream} = await whole(t, t.target.finite);
        const response = await t.send(t.target.finite, {
          extra: {Accept: 'text/event-stream', 'Last-Event-ID': stream.lastId, Connection: 'close'},
        });
        if (response.status !== 204) t.notOffered(`the status is ${response.status}`);
        for (const name of ['content-length', 'transfer-encoding']) {
          t.expect(response.header(name) === undefined, `${name}: ${response.header(name)}`);
        }
        t.expect(!(await response.connection.more(0, t.deadline)), 'bytes follow the head');
      },
    },
    {
      name: 'end-event',
      level: 'practice',
      needs: ['finite', 'end-event'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'An event says that the stream has ended, because a lost connection looks the same.',
      async run(t) {
        const {events} = await whole(t, t.target.finite);
        t.expect(
          events.at(-1)?.name === t.target.endEvent,
          `the last event is ${JSON.stringify(events.at(-1)?.lines)}`,
        );
      },
    },
    {
      name: 'end-event-once',
      level: 'practice',
      needs: ['finite', 'end-event'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'Nothing comes after that event, and it comes once.',
      async run(t) {
        const {events} = await whole(t, t.target.finite);
        const count = events.filter(({name}) => name === t.target.endEvent).length;
        t.expect(
          count === 1 && events.at(-1).name === t.target.endEvent,
          `${count} of them, the last is ${events.at(-1)?.name}`,
        );
      },
    },
    {
      name: 'end-failure-is-told',
      level: 'practice',
      needs: ['failing', 'end-event'],
      rule: 'AIP-193; google.rpc.Status',
      text: 'A stream that fails says so by the same event, with a code that is not 0 (OK).',
      async run(t) {
        const {events} = await whole(t, t.target.failing);
        const last = events.at(-1);
        t.expect(last?.name === t.target.endEvent, `the last event is ${JSON.stringify(last?.lines)}`);
        const status = JSON.parse(last.data);
        t.expect(
          Number.isInteger(status.code) && status.code !== 0 && typeof status.message === 'string',
          last.data,
        );
      },
    },
    {
      name: 'end-failure-is-no-success',
      level: 'practice',
      needs: ['failing'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'Who comes back after a failure does not get 204, which would look like success.',
      async run(t) {
        const {stream} = await whole(t, t.target.failing);
        const response = await t.send(t.target.failing, {
          extra: {Accept: 'text/event-stream', 'Last-Event-ID': stream.lastId},
        });
        t.expect(response.status !== 204, 'it is 204');
      },
    },
    {
      name: 'end-connection-as-said',
      level: 'must',
      needs: ['finite'],
      rule: 'RFC 9112 9.3, 9.6',
      text: 'After the end the connection closes if the head said so; else it serves the next request.',
      async run(t) {
        const {stream} = await whole(t, t.target.finite);
        const {response} = stream;
        if (response.framing === 'close') return;
        if (response.list('connection').includes('close')) {
          t.expect(await response.connection.ends(t.deadline), 'the connection stays open');
        } else {
          await t.send(t.ordinary, {connection: response.connection});
        }
      },
    },
  ],
};
