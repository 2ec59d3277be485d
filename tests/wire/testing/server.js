// A server that keeps every rule of the suite, except those named in `faults`.

import {once} from 'node:events';
import net from 'node:net';

import {Http1} from './http1.js';
import {Http2Server} from './http2.js';
import {Site} from './site.js';

export async function startServer(t, faults = []) {
  const site = new Site(new Set(faults));
  const streams = {count: 0};
  const sockets = new Set();
  const server = net.createServer({allowHalfOpen: true, noDelay: true}, (socket) => {
    sockets.add(socket);
    let connection = null;
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      connection ??=
        bytes.subarray(0, 3).toString() === 'PRI'
          ? new Http2Server(socket, site)
          : new Http1(socket, site, streams);
      connection.receive(bytes);
    });
    socket.on('end', () => {
      if (connection === null || connection instanceof Http2Server) socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  };
  t?.after(stop);
  return {url: `http://127.0.0.1:${server.address().port}`, stop};
}

/** What the suite has to know of it. */
export const optionsOf = (server) => ({
  url: server.url,
  origin: 'https://page.example',
  'end-event': 'end',
  'reset-event': 'reset',
  endless: '/endless',
  quiet: '/quiet',
  resumable: '/log',
  publish: 'POST /publish {"n":"{n}"}',
  finite: '/finite',
  failing: '/failing',
  unary: 'POST /unary {"a":1}',
  error: ['404 /missing', '401 /secret', '503 /busy', '400 POST /unary {', '405 POST /endless {}'],
});
