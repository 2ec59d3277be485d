// A backend that speaks gRPC by hand, to do what no gRPC library would let it.
// Answers any method but the multiplexer's; prints "listening on HOST:PORT".
//   node backend.js live LIMIT [LOWER]  one message, then it stays: LIMIT
//                                       streams of a connection at a time, and
//                                       LOWER after SIGUSR2
//   node backend.js bomb MB ENCODING    a compressed message of so many MB
//   node backend.js trailers SIZE TEXT  INVALID_ARGUMENT with trailers of about
//                                       SIZE bytes; TEXT as details, if given
'use strict';
const http2 = require('http2');
const zlib = require('zlib');

const [mode, ...values] = process.argv.slice(2);
const kHeaders = { ':status': 200, 'content-type': 'application/grpc' };

function frame(message, flags = 0) {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

// The answer to one call, once it has been read.
function live(stream) {
  stream.respond(kHeaders, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.write(frame(Buffer.from([0x12, 2, 0x6f, 0x6b]))); // text: "ok"
  // Unary calls are over, streams stay.
  if (stream.unary) stream.end();
}

let packed;
function bomb(stream) {
  const [size, encoding] = values;
  if (!packed) {
    const plain = Buffer.alloc(Number(size) << 20, 0x41);
    packed = encoding === 'deflate' ? zlib.deflateSync(plain) : zlib.gzipSync(plain);
  }
  // "none": compressed by the flag alone.
  const headers = encoding === 'none' ? kHeaders : { ...kHeaders, 'grpc-encoding': encoding };
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frame(packed, 1));
}

function trailers(stream) {
  const [size, details] = values;
  const status = { 'grpc-status': '3', 'grpc-message': 'bad rows' };
  if (details) status['grpc-status-details-bin'] = details;
  if (Number(size) > 0) status['x-filler'] = 'x'.repeat(Number(size));
  stream.respond({ ...kHeaders, ...status }, { endStream: true });
}

const answer = { live, bomb, trailers }[mode];
let limit = mode === 'live' ? Number(values[0]) : 1000;
const sessions = new Set();

const server = http2.createServer({ maxSendHeaderBlockLength: 1 << 24 });
server.on('session', (session) => {
  session.settings({ maxConcurrentStreams: limit });
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
  session.on('error', () => {});
});
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  if (headers[':path'].startsWith('/sse.v1.Multiplexer/')) {
    // As servers answer that do not know it.
    stream.respond({ ...kHeaders, 'grpc-status': '12' }, { endStream: true });
    return;
  }
  stream.unary = /\/(Ask|Check)$/.test(headers[':path']);
  stream.on('data', () => {});
  stream.on('end', () => {
    if (!stream.destroyed) answer(stream);  // not cancelled meanwhile
  });
});
process.on('SIGUSR2', () => {
  limit = Number(values[1]);
  let waiting = sessions.size;
  for (const session of sessions) {
    session.settings({ maxConcurrentStreams: limit }, () => {
      waiting -= 1;
      if (waiting === 0) console.log(`limit ${limit}`);
    });
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
