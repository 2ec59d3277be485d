// A request as somebody else would write it.

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const js = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;

export function curl({verb, url, body, streaming, authenticated, lastEventId}) {
  const lines = [`curl ${streaming ? '-N ' : ''}${verb === 'GET' ? '' : `-X ${verb} `}${shell(location.origin + url)}`];
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
  lines.push(`const source = new EventSource(${js(url)});`);
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

export function typescript({verb, url, body, streaming, authenticated, lastEventId}) {
  const headers = [
    authenticated ? '    Authorization: `Bearer ${token}`,' : null,
    lastEventId ? `    'Last-Event-ID': ${js(lastEventId)},` : null,
    body !== undefined ? `    'Content-Type': 'application/json',` : null,
  ].filter(Boolean);
  const lines = streaming ? [`import {EventSourceParserStream} from 'eventsource-parser/stream';`, ''] : [];
  lines.push(`const response = await fetch(${js(location.origin + url)}, {`);
  if (verb !== 'GET') lines.push(`  method: ${js(verb)},`);
  if (headers.length > 0) lines.push('  headers: {', ...headers, '  },');
  if (body !== undefined) lines.push(`  body: JSON.stringify(${body}),`);
  lines.push('});', 'if (!response.ok) throw new Error(await response.text());');
  if (streaming) {
    lines.push('const events = response.body!',
      '  .pipeThrough(new TextDecoderStream())',
      '  .pipeThrough(new EventSourceParserStream());',
      'for await (const {event, id, data} of events) {',
      '  console.log(event, id, JSON.parse(data));', '}');
  } else {
    lines.push('console.log(await response.json());');
  }
  return lines.join('\n');
}
