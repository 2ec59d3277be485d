// The backend of boxes.proto. Prints "listening on HOST:PORT".
//   node backend.js [--port PORT] [--ordinary] PROTO_DIR...
// --ordinary: without the multiplexer.
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { addMultiplexer } = require('./multiplexer.js');

const args = process.argv.slice(2);
const ordinary = args.includes('--ordinary');
const portAt = args.indexOf('--port');
const port = portAt < 0 ? '0' : args[portAt + 1];
const includeDirs = [
  __dirname,
  ...args.filter((each, i) => !each.startsWith('--') && (portAt < 0 || i !== portAt + 1)),
];
const load = (file) =>
  grpc.loadPackageDefinition(
    loader.loadSync(file, { includeDirs, keepCase: true, longs: Number, defaults: true }),
  );
const { acme } = load('boxes.proto');
const { sse } = load('sse/v1/multiplexer.proto');

const boxes = new Map(); // owner -> texts
const watchers = new Map(); // owner -> set of calls
const counts = { connects: 0, ordinary: 0, watches: 0, traceparent: '' };

function watch(call) {
  const { owner, after } = call.request;
  if (call.constructor.name !== 'VirtualCall') counts.ordinary += 1;
  [counts.traceparent = ''] = call.metadata.get('traceparent');
  if (owner === 'mallory') {
    call.emit('error', { code: grpc.status.PERMISSION_DENIED, details: 'no box for mallory' });
    return;
  }
  const mine = watchers.get(owner) || new Set();
  watchers.set(owner, mine);
  call.sendMetadata(new grpc.Metadata());
  (boxes.get(owner) || []).forEach((text, i) => {
    if (i + 1 > after) call.write({ number: i + 1, text });
  });
  mine.add(call);
  counts.watches += 1;
  call.on('cancelled', () => {
    counts.watches -= mine.delete(call) ? 1 : 0;
  });
}

function put(call, done) {
  const { owner, text, times } = call.request;
  const box = boxes.get(owner) || [];
  boxes.set(owner, box);
  let event;
  for (let i = 0; i < (times || 1); i += 1) {
    box.push(text);
    event = { number: box.length, text };
    const mine = watchers.get(owner) || new Set();
    for (const watcher of mine) {
      watcher.write(event);
      if (text !== 'last') continue;
      watcher.end();
      counts.watches -= mine.delete(watcher) ? 1 : 0;
    }
  }
  done(null, event);
}

const server = new grpc.Server();
const handlers = { Watch: watch, Put: put, Count: (call, done) => done(null, counts) };
server.addService(acme.boxes.v1.Boxes.service, handlers);
if (!ordinary) {
  const { service } = sse.v1.Multiplexer;
  addMultiplexer(
    {
      addService: (definition, { Connect }) =>
        server.addService(definition, {
          Connect: (call) => {
            counts.connects += 1;
            Connect(call);
          },
        }),
    },
    service,
    [[acme.boxes.v1.Boxes.service, handlers]],
  );
}
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${bound}`);
});
