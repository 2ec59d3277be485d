// The backend of hostile.py's attackers, for realtime.v1.Tasks: CreateTask is
// never answered, and each other call is answered with a message that is small
// on the wire and 256 MiB when it is inflated.
import { createServer } from 'node:http2';
import { gzipSync } from 'node:zlib';

const BOMB_BYTES = 256 << 20;

// A gRPC message: whether it is compressed, its length, and itself. Inflated it
// is the field 1 of BOMB_BYTES.
function bomb() {
  const head = [10];
  for (let left = BOMB_BYTES; ; left >>>= 7) {
    head.push((left & 127) | (left > 127 ? 128 : 0));
    if (left <= 127) break;
  }
  const message = gzipSync(Buffer.concat([Buffer.from(head), Buffer.alloc(BOMB_BYTES, 65)]));
  const prefix = Buffer.alloc(5);
  prefix[0] = 1;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const answer = bomb();
const server = createServer();
server.on('session', (session) => session.on('error', () => {}));
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  stream.resume();
  if (headers[':path'].endsWith('/CreateTask')) return;
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(answer);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
