// The backend of rooms.proto. Prints "listening on HOST:PORT".
//   node backend.js PROTO_DIR...
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const definition = loader.loadSync('rooms.proto', {
  includeDirs: [__dirname, ...process.argv.slice(2)],
  keepCase: true,
  longs: Number,
  defaults: true,
});
const { acme } = grpc.loadPackageDefinition(definition);

const events = []; // of all rooms: { room, number, text, readers }
const watchers = new Set(); // { room, call }
const visits = new Map(); // visit -> guest
const banned = new Set();
let leaseSeconds = 0;
let watches = 0;

function watch(call) {
  const { room, after } = call.request;
  const watcher = { room, call };
  watches += 1;
  call.sendMetadata(new grpc.Metadata());
  for (const event of events) {
    if (event.room === room && event.number > after) call.write(event);
  }
  watchers.add(watcher);
  call.on('cancelled', () => watchers.delete(watcher));
}

function say(call, done) {
  const event = { ...call.request, number: events.length + 1 };
  events.push(event);
  for (const watcher of watchers) {
    if (watcher.room === event.room) watcher.call.write(event);
  }
  done(null, event);
}

function admit(call, done) {
  const { guest, visit, lease, room } = call.request;
  if (banned.has(guest)) {
    done({ code: grpc.status.PERMISSION_DENIED, details: `${guest} may not come in` });
    return;
  }
  visits.set(visit, guest);
  leaseSeconds = lease.seconds;
  // The guest's stream begins after the room's last event.
  const last = events.filter((event) => event.room === room).pop();
  done(null, { welcome: { number: last ? last.number : 0, text: `welcome ${guest}` } });
}

const counts = () => ({ watches, visits: [...visits.values()], lease_seconds: leaseSeconds });

const server = new grpc.Server();
server.addService(acme.rooms.v1.Rooms.service, {
  Watch: watch,
  Say: say,
  Count: (call, done) => done(null, counts()),
  Ban: (call, done) => {
    banned.add(call.request.guest);
    done(null, counts());
  },
});
server.addService(acme.rooms.v1.Doorman.service, {
  Admit: admit,
  Dismiss: (call, done) => {
    visits.delete(call.request.visit);
    done(null, {});
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
