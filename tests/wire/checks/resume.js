// A browser that comes back with the id of the last event it has seen.

import {readFor} from '../lib/reading.js';

// Events published while a stream is open, with the ids they got.
async function publishThree(t) {
  const stream = await t.stream(t.target.resumable);
  await readFor(stream, 200); // what was there before
  const events = [];
  for (let i = 0; i < 3; ++i) {
    await t.publish();
    const event = await stream.next(t.deadline);
    t.expect(event !== null, 'the stream ends');
    t.expect(event.id !== null && event.id !== '', 'an event has no id');
    events.push(event);
  }
  return events;
}

const same = (a, b) => a.lastId === b.lastId && a.data === b.data;

export default {
  group: 'resume',
  title: 'Resuming after a lost connection',
  checks: [
    {
      name: 'resume-delivered-at-once',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'An event is sent whole when it happens, not when the next one pushes it out.',
      async run(t) {
        const stream = await t.stream(t.target.resumable);
        await readFor(stream, 200);
        await t.publish();
        t.expect((await stream.next(t.deadline)) !== null, 'the stream ends');
      },
    },
    {
      name: 'resume-unique-ids',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'Each event has an id of its own; after equal ones a server cannot tell where to go on.',
      async run(t) {
        const ids = (await publishThree(t)).map(({id}) => id);
        t.expect(new Set(ids).size === 3, `ids ${ids.join(', ')}`);
      },
    },
    {
      name: 'resume-continues',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.4',
      text: 'A stream resumed with an id goes on with the event after it: nothing missing, nothing twice, in order.',
      async run(t) {
        const [first, second, third] = await publishThree(t);
        const stream = await t.stream(t.target.resumable, {lastEventId: first.id});
        const events = await stream.take(2, t.deadline);
        t.expect(
          events.length === 2 && same(events[0], second) && same(events[1], third),
          `after ${first.id} come ${events.map(({id}) => id).join(', ')}, not ${second.id}, ${third.id}`,
        );
      },
    },
    {
      name: 'resume-then-live',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.4',
      text: 'A resumed stream then has what happens now.',
      async run(t) {
        const [, second, third] = await publishThree(t);
        const stream = await t.stream(t.target.resumable, {lastEventId: second.id});
        const missed = await stream.next(t.deadline);
        t.expect(missed !== null && same(missed, third), `${missed?.id} comes first, not ${third.id}`);
        await t.publish();
        const live = await stream.next(t.deadline);
        t.expect(live !== null && live.id !== third.id, 'no new event comes');
      },
    },
    {
      name: 'resume-twice',
      level: 'practice',
      needs: ['resumable', 'publish'],
      rule: 'WHATWG HTML 9.2.4',
      text: 'The same id gives the same events again: a browser may lose the connection twice.',
      async run(t) {
        const [first, second] = await publishThree(t);
        for (let i = 0; i < 2; ++i) {
          const stream = await t.stream(t.target.resumable, {lastEventId: first.id});
          const event = await stream.next(t.deadline);
          t.expect(event !== null && same(event, second), `the ${i + 1}. time ${event?.id} follows`);
        }
      },
    },
    {
      name: 'resume-empty-id',
      level: 'practice',
      needs: ['resumable'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'An empty Last-Event-ID, which polyfills send, is none.',
      async run(t) {
        await t.stream(t.target.resumable, {lastEventId: ''});
      },
    },
    {
      name: 'resume-unknown-id',
      level: 'practice',
      needs: ['resumable'],
      rule: 'WHATWG HTML 9.2.3 (fail the connection)',
      text: 'An unknown or old id is no error: EventSource never retries after one.',
      async run(t) {
        await t.stream(t.target.resumable, {lastEventId: t.target.unknownId});
      },
    },
    {
      name: 'resume-utf-8-id',
      level: 'practice',
      needs: ['resumable'],
      rule: 'WHATWG HTML 9.2.3, 9.2.4',
      text: 'Browsers send ids as UTF-8, so Last-Event-ID may have bytes above 0x7f.',
      async run(t) {
        await t.stream(t.target.resumable, {lastEventId: 'é-日本-😀'});
      },
    },
    {
      name: 'resume-reset',
      level: 'practice',
      needs: ['resumable', 'reset-event'],
      rule: 'WHATWG HTML 9.2.3',
      text: 'After an unknown id an event says that some are missing; a gap is never silent.',
      async run(t) {
        const stream = await t.stream(t.target.resumable, {lastEventId: t.target.unknownId});
        const event = await stream.next(t.deadline);
        t.expect(event?.name === t.target.resetEvent, `the first event is ${JSON.stringify(event?.lines)}`);
      },
    },
    {
      name: 'resume-reset-clears-id',
      level: 'practice',
      needs: ['resumable', 'reset-event'],
      rule: 'WHATWG HTML 9.2.6',
      text: 'That event has an empty id or one to go on from, so that the browser forgets the useless one.',
      async run(t) {
        const stream = await t.stream(t.target.resumable, {lastEventId: t.target.unknownId});
        const event = await stream.next(t.deadline);
        t.expect(
          event !== null && event.id !== null && event.id !== t.target.unknownId,
          `id: ${event?.id ?? '(none)'}`,
        );
      },
    },
  ],
};
