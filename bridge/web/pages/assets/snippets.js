// A request as somebody else would write it.

import {base} from './api.js';

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const js = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;

export function curl({verb, url, body, streaming, authenticated, lastEventId}) {
  const lines = [`curl ${streaming ? '-N ' : ''}${verb === 'GET' ? '' : `-X ${verb} `}${shell(location.origin + base + url)}`];
  if (authenticated) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (lastEventId) lines.push(`-H ${shell(`Last-Event-ID: ${lastEventId}`)}`);
  if (body !== undefined) lines.push(`-H 'Content-Type: application/json' -d ${shell(body)}`);
  return lines.join(' \\\n  ');
}

export function eventSource({verb, url, streaming, authenticated, stream = {}, names = []}) {
  if (!streaming) return '// One answer, no stream: use fetch.';
  if (verb !== 'GET') return '// EventSource can only GET, and this route is a ' + verb + '.\n// Choose a GET route, or use fetch (see TypeScript).';
  const lines = [];
  if (authenticated) {
    lines.push('// EventSource sends no Authorization header: the token comes as the cookie',
      '// that the bridge was told of with --auth-cookie NAME.');
  }
  lines.push(`const source = new EventSource(${js(base + url)});`);
  const known = [...new Set([stream.event, ...names].filter(Boolean))];
  if (stream.event_from && known.length === 0) {
    lines.push(`// Events are named by their message's field ${stream.event_from}.`);
  }
  const handler = '(event) => console.log(JSON.parse(event.data), event.lastEventId)';
  if (known.length === 0 && !stream.event_from) lines.push(`source.onmessage = ${handler};`);
  for (const name of known) lines.push(`source.addEventListener(${js(name)}, ${handler});`);
  lines.push(`source.addEventListener('grpc-status', () => source.close());`);
  return lines.join('\n');
}

const isName = (text) => /^[A-Za-z_$][\w$]*$/.test(text);

// A value as TypeScript, on as many lines as it needs.
function literal(value, indent = '') {
  if (typeof value === 'string') return js(value);
  if (value === null || typeof value !== 'object') return String(value);
  const isList = Array.isArray(value);
  const parts = isList ? value.map((each) => literal(each, `${indent}  `)) :
    Object.entries(value).map(([name, each]) =>
      `${isName(name) ? name : js(name)}: ${literal(each, `${indent}  `)}`);
  const [open, close] = isList ? '[]' : '{}';
  const line = `${open}${parts.join(', ')}${close}`;
  if (line.length + indent.length < 72 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((each) => `${indent}  ${each},\n`).join('')}${indent}${close}`;
}

// The client that scripts/gen.sh makes of the schema. `client`: "prices.stream";
// without one (the bridge's own /events) there is `shared()` for it.
export function typescript({client, value, streaming, authenticated, lastEventId}) {
  const lines = [`import {createClient} from './gen/ts/index.js';  // made by scripts/gen.sh`, ''];
  lines.push(`const client = createClient({baseUrl: ${js(location.origin + base)}${authenticated ? ', token' : ''}});`);
  if (client === undefined) {
    lines.push('// What is asked of it shares one connection.',
      'const shared = client.shared();');
    return lines.join('\n');
  }
  const isEmpty = Object.keys(value).length === 0;
  const options = lastEventId ? `, {lastEventId: ${js(lastEventId)}}` : '';
  const call = `client.${client}(${isEmpty && options === '' ? '' : literal(value)}${options})`;
  if (streaming) {
    lines.push(`for await (const data of ${call}) {`, '  console.log(data);', '}');
  } else {
    lines.push(`console.log(await ${call});`);
  }
  return lines.join('\n');
}
