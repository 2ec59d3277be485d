// The backend of echo.proto. Prints "listening on HOST:PORT".
//   node backend.js PROTO_DIR...
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const definition = loader.loadSync('echo.proto', {
  includeDirs: [__dirname, ...process.argv.slice(2)],
  keepCase: true,
  longs: String,
  enums: String,
});
const { acme } = grpc.loadPackageDefinition(definition);

const echo = (method) => (call, done) => done(null, { ...call.request, method });

function fail(call, done) {
  const metadata = new grpc.Metadata();
  const { count, raw } = call.request;
  if (raw) metadata.set('grpc-status-details-bin', raw);
  done({ code: count.value, details: 'as told', metadata });
}

const server = new grpc.Server();
server.addService(acme.echo.v1.Echo.service, {
  Path: echo('Path'),
  Literal: echo('Literal'),
  Variable: echo('Variable'),
  Wildcard: echo('Wildcard'),
  Body: echo('Body'),
  Unrouted: echo('Unrouted'),
  Response: (call, done) => done(null, {
    call: call.request, list: ['a', 'b'], text: '"<', time: { seconds: 5 },
  }),
  Raw: (call, done) => done(null, { content_type: call.request.x, data: call.request.raw }),
  Upload: (call, done) => done(null, call.request),
  Update: (call, done) => done(null, { update_mask: call.request.update_mask }),
  Nothing: (call, done) => done(null, {}),
  Slow: (call, done) => setTimeout(() => done(null, { method: 'Slow' }), 1000),
  Fail: fail,
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
