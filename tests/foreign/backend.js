// The backend of proto/observatory.proto, in another language, by people who
// have never seen the bridge. Prints "listening on HOST:PORT".
//   node backend.js [--lossy-reflection] PROTO_DIR...
// --lossy-reflection: by @grpc/reflection, whose files have lost their options.
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { ReflectionService } = require('@grpc/reflection');
const path = require('path');
const { addReflection } = require('./reflection.js');

const lossy = process.argv.includes('--lossy-reflection');
const includeDirs = [
  path.join(__dirname, 'proto'),
  ...process.argv.slice(2).filter((each) => !each.startsWith('--')),
];
const definition = loader.loadSync('observatory.proto', {
  includeDirs,
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});
const { acme } = grpc.loadPackageDefinition(definition);

let watches = 0;

function watch(call) {
  watches += 1;
  const { bands, telescope } = call.request;
  let n = 0;
  const send = () => {
    n += 1;
    call.write({
      kind: n % 2 ? 'NOVA' : 'PULSAR',
      star: { name: `star-${bands.join('+')}`, magnitude: n / 2, distance_km: '9007199254740993' },
      band: bands.join('+'),
      seen_at: { seconds: 1700000000, nanos: 500000000 },
      exposure: { seconds: 1, nanos: 0 },
      counts: { watches, n },
    });
  };
  send();
  const timer = setInterval(send, 50);
  call.on('cancelled', () => clearInterval(timer));
}

function count(call) {
  const to = call.request.to;
  let at = Number(call.request.after);
  const next = () => {
    while (at < to) {
      at += 1;
      const more = call.write({
        number: String(at),
        value: { count: String(at), raw_bytes: Buffer.from([at & 255]) },
      });
      if (!more) {
        call.once('drain', next);
        return;
      }
    }
    call.end();
  };
  next();
}

function fail(call) {
  const { code, after_first, message } = call.request;
  if (after_first) call.write({ number: '1' });
  const end = () => (code === 0 ? call.end() : call.emit('error', { code, details: message || 'as told' }));
  if (after_first) setTimeout(end, 50);
  else end();
}

function say(call) {
  call.write(call.request);
  call.end();
}

function picture(call, done) {
  const { type, data } = call.request;
  done(null, { content_type: type, data: Buffer.from(data) });
}

function describe(call, done) {
  const name = call.request.name;
  if (name.endsWith('/lost')) {
    done({ code: grpc.status.NOT_FOUND, details: `no telescope ${name}` });
    return;
  }
  done(null, { name, aperture: 2.4, kinds: ['NOVA', 'PULSAR'] });
}

function whoAmI(call, done) {
  done(null, {
    from_request: call.request.caller ? call.request.caller.name : '',
    from_metadata: String(call.metadata.get('x-sse-subject')[0] || ''),
  });
}

// Of a connection; unlimited where nothing is said.
const limit = Number(process.env.MAX_CONCURRENT_STREAMS || 0);
const server = new grpc.Server(limit > 0 ? { 'grpc.max_concurrent_streams': limit } : {});
server.addService(acme.observatory.v2.Telescopes.service, {
  Watch: watch,
  Count: count,
  Fail: fail,
  Say: say,
  Picture: picture,
  Describe: describe,
  WhoAmI: whoAmI,
  Hidden: whoAmI,
});
if (lossy) {
  new ReflectionService(definition).addToServer(server);
} else {
  addReflection(server, includeDirs, { 'acme.observatory.v2.Telescopes': 'observatory.proto' });
}
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
