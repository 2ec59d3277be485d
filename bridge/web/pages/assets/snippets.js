// Code snippets that make the same request. They run as they are when pasted: into a
// shell, the console of a browser, a module, a React application.

import {base} from './api.js';

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const js = (text) =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
const isName = (text) => /^[A-Za-z_$][\w$]*$/.test(text);
const key = (name) => (name === '__proto__' ? "['__proto__']" : isName(name) ? name : js(name));
const address = (url) => js(location.origin + base + url);

// A value as a literal, on one or more lines.
export function literal(value, indent = '') {
  if (typeof value === 'string') return js(value);
  if (value === null || typeof value !== 'object') return String(value);
  const isList = Array.isArray(value);
  const parts = isList ? value.map((each) => literal(each, `${indent}  `)) :
    Object.entries(value).map(([name, each]) => `${key(name)}: ${literal(each, `${indent}  `)}`);
  const [open, close] = isList ? '[]' : '{}';
  const line = `${open}${parts.join(', ')}${close}`;
  if (line.length + indent.length < 72 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((each) => `${indent}  ${each},\n`).join('')}${indent}${close}`;
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

function curl({verb, url, body, contentType, streaming, authenticated, token, lastEventId, headers}) {
  const isBytes = body !== undefined && typeof body !== 'string';
  const lines = [`curl ${streaming ? '-N ' : ''}${verb === 'GET' ? '' : `-X ${verb} `}${shell(location.origin + base + url)}`];
  if (authenticated) {
    lines.push(token === '' ? '-H "Authorization: Bearer $TOKEN"' : `-H 'Authorization: Bearer ${token}'`);
  }
  if (lastEventId) lines.push(`-H ${shell(`Last-Event-ID: ${lastEventId}`)}`);
  for (const [name, value] of headers) lines.push(`-H ${shell(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`-H ${shell(`Content-Type: ${contentType}`)}`);
  if (isBytes) lines.push('--data-binary @-');
  else if (body !== undefined) lines.push(`-d ${shell(body)}`);
  return `${isBytes ? `base64 -d <<< '${base64(body)}' | ` : ''}${lines.join(' \\\n  ')}`;
}

const tokenLine = ({authenticated, token}) =>
  (authenticated ? [`const token = ${js(token || 'YOUR TOKEN')};`] : []);

function eventSource({url, authenticated, token, lastEventId, headers, stream = {}, names}) {
  const lines = tokenLine({authenticated, token});
  if (headers.length > 0) lines.push(`// EventSource cannot send ${headers.map(([name]) => name).join(', ')}.`);
  const query = [
    lastEventId ? `last_event_id=${encodeURIComponent(lastEventId)}` : '',
    authenticated ? 'ticket=${ticket}' : '',
  ].filter(Boolean).join('&');
  let target = address(query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`);
  if (authenticated) {
    lines.push('// EventSource cannot send headers: the token buys a ticket, which is valid once.',
      `const answer = await fetch(${address('/auth/ticket')}, {`,
      "  method: 'POST',",
      '  headers: {Authorization: `Bearer ${token}`},',
      '});',
      'const {ticket} = await answer.json();');
    target = `\`${target.slice(1, -1).replaceAll('`', '\\`')}\``;
  }
  lines.push(`const source = new EventSource(${target});`);
  const known = [...new Set([stream.event, ...(stream.events ?? []), ...names].filter(Boolean))];
  const handler = '(event) => console.log(event.type, JSON.parse(event.data))';
  if (known.length === 0 && stream.event_from) {
    lines.push(`// An event has the name that ${stream.event_from} says. Open the stream to see the names here.`);
  }
  if (known.length === 0) {
    lines.push(`source.onmessage = ${handler};`);
  } else if (known.length === 1) {
    lines.push(`source.addEventListener(${js(known[0])}, ${handler});`);
  } else {
    lines.push(`for (const name of ${literal(known)}) {`, `  source.addEventListener(name, ${handler});`, '}');
  }
  lines.push("source.addEventListener('grpc-status', () => source.close());");
  return lines.join('\n');
}

const kReadEvents = `
const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
let text = '';
for (;;) {
  const {value, done} = await reader.read();
  if (done) break;
  text += value;
  const events = text.split('\\n\\n');
  text = events.pop();
  for (const event of events) {
    const fields = Object.fromEntries(event.split('\\n').map((line) => line.split(/: ?(.*)/)));
    if (fields.data !== undefined) console.log(fields.event ?? 'message', JSON.parse(fields.data));
  }
}`.slice(1);

function fetchCode({verb, url, body, contentType, streaming, raw, authenticated, token, lastEventId, headers}) {
  const sent = [
    ...(authenticated ? ['Authorization: `Bearer ${token}`'] : []),
    ...(streaming ? ["Accept: 'text/event-stream'"] : []),
    ...(body !== undefined ? [`'Content-Type': ${js(contentType)}`] : []),
    ...(lastEventId ? [`'Last-Event-ID': ${js(lastEventId)}`] : []),
    ...headers.map(([name, value]) => `${key(name)}: ${js(value)}`),
  ];
  const options = [
    ...(verb === 'GET' ? [] : [`  method: ${js(verb)},`]),
    ...(sent.length === 0 ? [] : [`  headers: {${sent.join(', ')}},`]),
    ...(body === undefined ? [] : [typeof body === 'string' ?
      `  body: JSON.stringify(${literal(JSON.parse(body), '  ')}),` :
      `  body: Uint8Array.from(atob('${base64(body)}'), (each) => each.charCodeAt(0)),`]),
  ];
  const lines = tokenLine({authenticated, token});
  lines.push(options.length === 0 ? `const response = await fetch(${address(url)});` :
    `const response = await fetch(${address(url)}, {\n${options.join('\n')}\n});`);
  lines.push('if (!response.ok) throw new Error(await response.text());');
  lines.push(streaming ? kReadEvents : `console.log(await response.${raw ? 'text' : 'json'}());`);
  return lines.join('\n');
}

// The client that scripts/gen.sh generates from the schema.
function clientLines({authenticated, token}) {
  const options = [`baseUrl: ${address('')}`, ...(authenticated ? ['token'] : [])];
  return [
    "import {createClient} from './gen/ts/index.js';  // generated by scripts/gen.sh", '',
    ...tokenLine({authenticated, token}),
    `const client = createClient({${options.join(', ')}});`,
  ];
}

// Arguments of the client's method: the request, and options unless there are none.
function argumentsOf({value, lastEventId, headers}, more = [], indent = '') {
  const options = [
    ...(lastEventId ? [`lastEventId: ${js(lastEventId)}`] : []),
    ...(headers.length > 0 ? [`headers: ${literal(Object.fromEntries(headers), `${indent}  `)}`] : []),
    ...more,
  ];
  const isEmpty = Object.keys(value).length === 0;
  if (options.length === 0) return isEmpty ? '' : literal(value, indent);
  const text = more.length === 0 ? `{${options.join(', ')}}` :
    `{\n${options.map((each) => `${indent}  ${each},\n`).join('')}${indent}}`;
  return `${literal(value, indent)}, ${text}`;
}

function typescript(request) {
  const call = `client.${request.client}(${argumentsOf(request)})`;
  return [
    ...clientLines(request), '',
    ...(request.streaming ?
      [`for await (const data of ${call}) {`, '  console.log(data);', '}'] :
      [`console.log(await ${call});`]),
  ].join('\n');
}

function react(request) {
  const [first, ...rest] = request.name;
  const component = first.toUpperCase() + rest.join('');
  const [imported, ...lines] = clientLines(request);
  if (request.streaming) {
    const options = ['onEvent: (data) => setEvents((before) => [...before.slice(-49), data])', 'onError: setError'];
    return ["import {useEffect, useState} from 'react';", imported, ...lines, '',
      `export function ${component}() {`,
      '  const [events, setEvents] = useState<unknown[]>([]);',
      '  const [error, setError] = useState<any>();',
      '  useEffect(() => {',
      `    const stream = client.${request.client}(${argumentsOf(request, options, '    ')});`,
      '    return () => stream.close();',
      '  }, []);',
      '  return (',
      '    <section>',
      '      {error && <p role="alert">{error.message}</p>}',
      '      <pre>{events.map((event) => JSON.stringify(event)).join(\'\\n\')}</pre>',
      '    </section>',
      '  );',
      '}'].join('\n');
  }
  return ["import {useState} from 'react';", imported, ...lines, '',
    `export function ${component}() {`,
    '  const [answer, setAnswer] = useState<unknown>();',
    '  const [error, setError] = useState<any>();',
    `  const send = () => client.${request.client}(${argumentsOf(request, [], '  ')}).then(setAnswer, setError);`,
    '  return (',
    '    <section>',
    `      <button onClick={send}>${component}</button>`,
    '      {error && <p role="alert">{error.message}</p>}',
    '      <pre>{JSON.stringify(answer, null, 2)}</pre>',
    '    </section>',
    '  );',
    '}'].join('\n');
}

// Each makes the code for a request: {verb, url, body, contentType, value, name, client,
// streaming, raw (the answer is no JSON), authenticated, token, lastEventId, headers,
// stream, names (of events seen)}.
export const kLanguages = {curl, EventSource: eventSource, fetch: fetchCode, TypeScript: typescript, React: react};

// The languages that can make the request: EventSource only GETs streams, and the
// bridge's own /events is not a method of the generated client.
export function languagesFor({verb, streaming, client}) {
  return Object.keys(kLanguages).filter((name) =>
    (name !== 'EventSource' || (streaming && verb === 'GET')) &&
    (client !== undefined || (name !== 'TypeScript' && name !== 'React')));
}
