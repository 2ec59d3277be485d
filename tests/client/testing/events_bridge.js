// `/events` as the bridge serves it, with connections that are changed while
// they are open (bridge/gateway/README.md). The test sends the events.
import { refuse, respond, startServer } from './server.js';

class Connection {
  constructor(number, response, streams) {
    this.id = `c${number}`;
    this.response = response;
    this.streams = new Map(); // name -> target
    this.open = true;
    response.on('close', () => {
      this.open = false;
    });
    this.add(streams);
  }

  add(streams) {
    for (const each of streams) {
      const mark = each.indexOf(':');
      this.streams.set(each.slice(0, mark), each.slice(mark + 1));
    }
  }

  names(target) {
    return [...this.streams].filter(([, each]) => each.includes(target)).map(([name]) => name);
  }

  /** To each stream whose target contains `target`. */
  send(target, data, { event = '', id } = {}) {
    for (const name of this.names(target)) {
      const position = id === undefined ? '' : `id: ${encodeURIComponent(name)}=${id}\n`;
      this.write(`event: ${name}${event}\n${position}data: ${JSON.stringify(data)}\n\n`);
    }
  }

  end(target, code = 0) {
    for (const stream of this.names(target)) {
      this.write(`event: grpc-status\ndata: ${JSON.stringify({ stream, code, message: 'as told' })}\n\n`);
    }
  }

  write(text) {
    this.response.write(text);
  }
}

/** `refusal(request, streams)` may return [http, status] to refuse something. */
export async function startEventsBridge(t, { refusal = () => {}, changes = true } = {}) {
  const connections = [];
  const posted = [];
  const server = await startServer(t, (request, response) => {
    const url = new URL(request.url, 'http://x');
    const form = request.method === 'POST' ? new URLSearchParams(request.text) : url.searchParams;
    const streams = form.getAll('stream');
    const refused = refusal(request, streams);
    if (refused) return refuse(response, ...refused);
    if (request.method === 'GET') {
      const connection = new Connection(connections.length + 1, response, streams);
      connection.lastEventId = request.headers['last-event-id'];
      connections.push(connection);
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        ...(changes ? { 'Sse-Connection': connection.id } : {}),
      });
      response.flushHeaders();
      return undefined;
    }
    const connection = connections.find((each) => each.id === form.get('connection') && each.open);
    if (connection === undefined) return refuse(response, 409, 'ABORTED');
    posted.push({
      added: streams,
      removed: form.getAll('remove'),
      lastEventId: request.headers['last-event-id'],
    });
    for (const name of form.getAll('remove')) connection.streams.delete(name);
    connection.add(streams);
    return respond(response, 200, {});
  });
  return { ...server, connections, posted };
}
