// What the checks of HTTP/2 share. A server that does not speak it ends them as not
// offered: over TLS ALPN decides, else the answer to the preface.

import {Http2} from './http2.js';

export const kForbidden = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

// Opens a connection and sends the preface; the server's first frame has arrived.
export async function open(t, settings = {}) {
  const connection = await t.connect({alpn: t.target.tls ? ['h2', 'http/1.1'] : undefined});
  if (t.target.tls && connection.protocol !== 'h2') t.notOffered('ALPN does not choose h2');
  const h2 = new Http2(connection);
  h2.start(settings);
  await connection.more(8, t.deadline, 'nothing answers the preface');
  const bytes = connection.buffer;
  if (bytes.length < 9 || bytes.subarray(0, 5).toString('latin1') === 'HTTP/') {
    if (t.target.tls) t.fail('no frame answers the preface');
    t.notOffered('the server does not speak HTTP/2 with prior knowledge');
  }
  return h2;
}

export function fields(t, {method, path, headers = {}, body}, extra = []) {
  const all = {...t.target.headers, ...headers};
  if (body !== undefined) all['content-type'] ??= 'application/json';
  return [
    [':method', method],
    [':scheme', t.target.tls ? 'https' : 'http'],
    [':authority', t.target.authority],
    [':path', path],
    ...Object.entries(all).map(([name, value]) => [name.toLowerCase(), value]),
    ...extra,
  ];
}

export const bodyOf = ({body}) =>
  body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
export const status = (stream) => Number(stream.headers?.find(([name]) => name === ':status')?.[1] ?? 0);

export async function headersOf(t, h2, id) {
  await h2.until(
    () => h2.stream(id).headers !== null || h2.stream(id).reset !== null || h2.goaway !== null,
    t.deadline,
    `stream ${id} is not answered`,
  );
  t.expect(
    h2.stream(id).headers !== null,
    `stream ${id} is reset (${h2.stream(id).reset}), GOAWAY ${h2.goaway}`,
  );
  return h2.stream(id);
}

export const events = (stream) =>
  stream.data
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .filter((block) => /^data:/m.test(block)).length;

// The server must end the connection, by GOAWAY or by closing it.
export async function connectionError(t, h2) {
  const still = await h2.until(() => h2.goaway !== null, t.deadline, 'the connection goes on');
  t.expect(!still || h2.goaway !== 0, 'GOAWAY says NO_ERROR');
}

// The server must refuse the stream: reset, 400, or a connection error.
export async function malformed(t, change) {
  const h2 = await open(t);
  h2.request(1, change(fields(t, t.ordinary)), bodyOf(t.ordinary));
  const stream = h2.stream(1);
  await h2.until(
    () => stream.headers !== null || stream.reset !== null || h2.goaway !== null,
    t.deadline,
    'the request is neither answered nor refused',
  );
  t.expect(stream.headers === null || status(stream) === 400, `it is answered with ${status(stream)}`);
}
