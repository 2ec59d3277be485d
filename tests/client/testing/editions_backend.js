// A backend in editions, by connect-node and protobuf-es: what it has of the
// schema is the descriptor set.
import { createServer } from 'node:http2';

import { createFileRegistry, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { connectNodeAdapter } from '@connectrpc/connect-node';

/** The message of a gRPC frame, and a frame with a message. */
const unframe = (body) => body.subarray(5);
function frame(bytes) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

// The bytes of google.protobuf.BytesValue and of this schema's Bytes.
function varint(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
/** A field with a length. */
const field = (number, bytes) =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
const wrap = (bytes) => (bytes.length === 0 ? bytes : field(1, bytes));
function unwrap(bytes) {
  if (bytes.length === 0) return bytes;
  let at = 1;
  while (bytes[at] & 0x80) at += 1;
  return bytes.subarray(at + 1);
}

/** Methods of bytes: no library would send what is not a message. */
const byHand = { Wire: wrap, Raw: unwrap, Printed: unwrap, Watch: unwrap };

/** Answers of grpc.reflection.v1: the services, and all files at once. */
function reflect(request, set) {
  const list = request[0] === ((7 << 3) | 2);
  if (!list) {
    const files = set.file.map((file) => field(1, toBinary(FileDescriptorProtoSchema, file)));
    return field(4, Buffer.concat(files));
  }
  const names = set.file.flatMap((file) =>
    file.service.map((service) => `${file.package}.${service.name}`),
  );
  return field(6, Buffer.concat(names.map((name) => field(1, field(1, Buffer.from(name))))));
}

async function answer(request, response, convert) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
  response.write(frame(convert(unframe(Buffer.concat(chunks)))));
  response.addTrailers({ 'grpc-status': '0' });
  response.end();
}

/** Serves the services of the set, with reflection; returns its address. */
export async function startEditionsBackend(t, set) {
  const registry = createFileRegistry(set);
  const echo = (message) => message;
  const library = connectNodeAdapter({
    routes(router) {
      for (const name of ['Mixer', 'Older']) {
        const service = registry.getService(`editions.v1.${name}`);
        const methods = service.methods.filter(
          ({ input, output, methodKind }) => input === output && methodKind === 'unary',
        );
        router.service(service, Object.fromEntries(methods.map((m) => [m.localName, echo])));
      }
    },
  });
  const server = createServer((request, response) => {
    const convert = request.url.includes('.reflection.v1.')
      ? (bytes) => reflect(bytes, set)
      : byHand[request.url.split('/').pop()];
    if (convert) answer(request, response, convert);
    else library(request, response);
  });
  const sessions = new Set();
  server.on('session', (session) => sessions.add(session));
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${server.address().port}`;
}
