// Requests as bytes, with something wrong or unusual in them.

// A request for `t.ordinary` as bytes, with its head changed.
export function altered(t, change, options) {
  const text = t.bytes(t.ordinary, options).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end).split('\r\n');
  return change(lines).join('\r\n') + text.slice(end);
}

export const withLines =
  (...more) =>
  (lines) => [...lines, ...more];
export const isHost = (line) => /^host:/i.test(line);

export async function refused(t, bytes, statuses = [400]) {
  const response = await t.raw(bytes);
  t.expect(statuses.includes(response.status), `the status is ${response.status}`);
  return response;
}

// The request without its length and body: `framing` gives others.
export function framed(t, framing, body) {
  const {method, path, headers = {}} = t.ordinary;
  const bytes = t
    .bytes(
      {method: method === 'GET' ? 'POST' : method, path, headers},
      {extra: {'Content-Type': 'application/json', 'Content-Length': null}},
    )
    .toString('latin1');
  return `${bytes.slice(0, -2)}${framing}\r\n\r\n${body}`;
}

// A status that refuses, and then the end of the connection, whose framing is lost.
export async function refusedForGood(t, bytes, statuses = [400]) {
  const response = await refused(t, bytes, statuses);
  await response.body();
  t.expect(await response.connection.ends(t.deadline), 'the connection stays open');
}

export const bodyOf = ({body}) =>
  body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);

// The body of `t.ordinary`, its length, and both as one chunk.
export function content(t) {
  const body = bodyOf(t.ordinary) || '{}';
  const length = Buffer.byteLength(body);
  return {body, length, chunks: `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`};
}

export async function plainStatus(t) {
  const response = await t.send(t.ordinary);
  return response.status;
}

export const asUsual = (make) => async (t) => {
  const usual = await plainStatus(t);
  const {status} = await t.raw(make(t), t.ordinary.method);
  t.expect(status === usual, `the status is ${status}, without it ${usual}`);
};
