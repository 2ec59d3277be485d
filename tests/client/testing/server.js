// A server that says exactly what a test wants.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** `answer(request, response, number)` answers each request; the first is 1. */
export async function startServer(t, answer) {
  const requests = [];
  const server = createServer(async (request, response) => {
    requests.push(request);
    const number = requests.length;
    let body = '';
    for await (const chunk of request) body += chunk;
    request.text = body;
    await answer(request, response, number);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, address: `http://127.0.0.1:${server.address().port}` };
}

export function respond(response, status, value, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export function refuse(response, http, status, more = {}, headers = {}) {
  respond(response, http, { error: { code: http, status, message: 'as told', ...more } }, headers);
}
