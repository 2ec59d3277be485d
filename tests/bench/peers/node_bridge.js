// What one writes by hand in Node: a bridge from a gRPC stream to SSE.
//
//   /shared  one upstream call, one JSON.stringify for each message
//   /each    both for each browser, as most write it
//
//   node node_bridge.js PORT BACKEND RATE PAD PROTO_DIR...
'use strict';

const http = require('node:http');
const path = require('node:path');

const modules = path.join(process.cwd(), 'node_modules');
const grpc = require(path.join(modules, '@grpc/grpc-js'));
const loader = require(path.join(modules, '@grpc/proto-loader'));

const [port, backend, rate, pad, ...includeDirs] = process.argv.slice(2);
const definition = loader.loadSync('load.proto', {
  includeDirs, keepCase: true, longs: String, enums: String, defaults: true,
});
const { Load } = grpc.loadPackageDefinition(definition).load.v1;
const client = new Load(backend, grpc.credentials.createInsecure());
const request = { rate: Number(rate), pad: Number(pad) };
const frame = (message) => `data: ${JSON.stringify(message)}\n\n`;
const browsers = new Set();
let shared;

http.createServer((req, res) => {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
  });
  res.flushHeaders();
  if (req.url.startsWith('/each')) {
    const call = client.OwnTicks(request);
    call.on('data', (message) => res.write(frame(message)));
    call.on('error', () => res.end());
    req.on('close', () => call.cancel());
    return;
  }
  browsers.add(res);
  req.on('close', () => browsers.delete(res));
  if (shared) return;
  shared = client.Ticks(request);
  shared.on('data', (message) => {
    const text = frame(message);
    for (const browser of browsers) browser.write(text);
  });
  shared.on('error', (error) => console.error(error.message));
}).listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on 127.0.0.1:${port}`);
});
