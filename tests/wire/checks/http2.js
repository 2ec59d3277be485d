// Connections of HTTP/2: frames, settings and windows.

import {Flag, Setting, Type, uint32} from '../lib/http2.js';
import {open, fields, bodyOf, headersOf, events, connectionError} from '../lib/http2_trial.js';

export default {
  group: 'http2',
  title: 'Connections of HTTP/2',
  checks: [
    {
      name: 'h2-settings-first',
      level: 'must',
      rule: 'RFC 9113 3.4',
      text: "The server's first frame is SETTINGS.",
      async run(t) {
        const h2 = await open(t);
        await h2.next(t.deadline);
        t.expect(
          h2.frames[0].type === Type.SETTINGS && !(h2.frames[0].flags & Flag.ACK),
          `it is of type ${h2.frames[0].type}`,
        );
      },
    },
    {
      name: 'h2-settings-acknowledged',
      level: 'must',
      rule: 'RFC 9113 6.5.3',
      text: "The client's SETTINGS are acknowledged.",
      async run(t) {
        const h2 = await open(t);
        t.expect(await h2.until(() => h2.settingsAcked, t.deadline, 'they are not'), 'the connection ends');
      },
    },
    {
      name: 'h2-ping',
      level: 'must',
      rule: 'RFC 9113 6.7',
      text: 'PING is answered with the same bytes.',
      async run(t) {
        const h2 = await open(t);
        h2.send(Type.PING, 0, 0, Buffer.from('wire-001'));
        await h2.until(() => h2.pings.length > 0, t.deadline, 'it is not');
        t.expect(h2.pings[0] === Buffer.from('wire-001').toString('hex'), `with ${h2.pings[0]}`);
      },
    },
    {
      name: 'h2-window',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 6.9.1, 6.9.2',
      text: 'No more DATA is sent than the window of the stream allows.',
      async run(t) {
        const h2 = await open(t, {[Setting.INITIAL_WINDOW_SIZE]: 50});
        h2.credit = false;
        h2.request(1, fields(t, t.target.endless));
        const stream = await headersOf(t, h2, 1);
        await h2.until(() => stream.data.length >= 50, t.deadline, 'the window is not used');
        h2.send(Type.PING, 0, 0, Buffer.from('wire-002'));
        await h2.until(() => h2.pings.length > 0, t.deadline, 'PING is not answered while a window is full');
        await h2.until(() => stream.data.length > 50, Date.now() + 300).catch(() => {});
        t.expect(stream.data.length === 50, `${stream.data.length} bytes in a window of 50`);
      },
    },
    {
      name: 'h2-window-reopens',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9113 6.9',
      text: 'A stream whose window was full goes on after WINDOW_UPDATE.',
      async run(t) {
        const h2 = await open(t, {[Setting.INITIAL_WINDOW_SIZE]: 50});
        h2.credit = false;
        h2.request(1, fields(t, t.target.endless));
        const stream = await headersOf(t, h2, 1);
        await h2.until(() => stream.data.length >= 50, t.deadline, 'the window is not used');
        h2.send(Type.WINDOW_UPDATE, 0, 1, uint32(1000));
        await h2.until(() => stream.data.length > 50, t.deadline, 'it does not');
      },
    },
    {
      name: 'h2-window-is-its-own',
      level: 'practice',
      needs: ['endless'],
      rule: 'RFC 9113 5.2.1',
      text: 'A stream with a full window does not hold up the others.',
      async run(t) {
        const h2 = await open(t, {[Setting.INITIAL_WINDOW_SIZE]: 50});
        h2.credit = false;
        h2.request(1, fields(t, t.target.endless));
        await h2.until(() => h2.stream(1).data.length >= 50, t.deadline, 'the window is not used');
        h2.request(3, fields(t, t.target.endless));
        h2.send(Type.WINDOW_UPDATE, 0, 3, uint32(5000));
        await h2.until(() => events(h2.stream(3)) >= 1, t.deadline, 'it does');
      },
    },
    {
      name: 'h2-many-streams',
      level: 'should',
      rule: 'RFC 9113 6.5.2',
      text: 'At least 100 concurrent streams are allowed.',
      async run(t) {
        const h2 = await open(t);
        await h2.next(t.deadline);
        const most = h2.settings[Setting.MAX_CONCURRENT_STREAMS] ?? Infinity;
        t.expect(most >= 100, `SETTINGS_MAX_CONCURRENT_STREAMS is ${most}`);
      },
    },
    {
      name: 'h2-unknown-frame',
      level: 'must',
      rule: 'RFC 9113 4.1, 5.5',
      text: 'Frames of unknown types are ignored.',
      async run(t) {
        const h2 = await open(t);
        h2.send(0xbe, 0xff, 0, Buffer.from('wire'));
        h2.send(Type.PING, 0, 0, Buffer.from('wire-004'));
        t.expect(
          await h2.until(() => h2.pings.length > 0, t.deadline, 'PING after it is not answered'),
          'the connection ends',
        );
      },
    },
    {
      name: 'h2-frame-too-large',
      level: 'must',
      rule: 'RFC 9113 4.2',
      text: 'A frame above SETTINGS_MAX_FRAME_SIZE is an error of the connection.',
      async run(t) {
        const h2 = await open(t);
        await h2.next(t.deadline);
        const most = h2.settings[Setting.MAX_FRAME_SIZE] ?? 16384;
        const size = Math.ceil((most + 6) / 6) * 6;
        if (size >= 2 ** 24) t.notOffered('every size that a frame can have is allowed');
        h2.send(Type.SETTINGS, 0, 0, Buffer.alloc(size));
        await connectionError(t, h2);
      },
    },
    {
      name: 'h2-even-stream',
      level: 'must',
      rule: 'RFC 9113 5.1.1',
      text: 'A request on a stream with an even number is an error of the connection.',
      async run(t) {
        const h2 = await open(t);
        h2.request(2, fields(t, t.ordinary), bodyOf(t.ordinary));
        await connectionError(t, h2);
      },
    },
    {
      name: 'h2-data-on-idle',
      level: 'must',
      rule: 'RFC 9113 5.1 (idle)',
      text: 'DATA on a stream that was never opened is an error of the connection.',
      async run(t) {
        const h2 = await open(t);
        h2.send(Type.DATA, Flag.END_STREAM, 7, Buffer.from('x'));
        await connectionError(t, h2);
      },
    },
    {
      name: 'h2-window-overflow',
      level: 'must',
      rule: 'RFC 9113 6.9.1',
      text: 'A window above 2^31-1 is an error.',
      async run(t) {
        const h2 = await open(t);
        h2.send(Type.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff));
        await connectionError(t, h2);
      },
    },
    {
      name: 'h2-ping-length',
      level: 'must',
      rule: 'RFC 9113 6.7',
      text: 'A PING that has not 8 bytes is an error of the connection.',
      async run(t) {
        const h2 = await open(t);
        h2.send(Type.PING, 0, 0, Buffer.from('wire'));
        await connectionError(t, h2);
      },
    },
    {
      name: 'h2-broken-headers',
      level: 'must',
      rule: 'RFC 9113 4.3; RFC 7541 2.3.3',
      text: 'A header block that cannot be decoded is an error of the connection.',
      async run(t) {
        const h2 = await open(t);
        h2.send(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, Buffer.from([0xff, 0xff, 0xff, 0x7f]));
        await connectionError(t, h2);
      },
    },
  ],
};
