// What to check: the server's address, and which requests give which kind of
// answer. Options and the configuration file have the same names.

const kLists = ['error', 'header'];
const kRequests = ['endless', 'quiet', 'resumable', 'publish', 'finite', 'failing', 'unary'];
const kTexts = ['origin', 'end-event', 'reset-event', 'unknown-id'];
const kNumbers = ['patience', 'keepalive'];
export const kKeys = ['url', 'insecure', ...kLists, ...kRequests, ...kTexts, ...kNumbers];

export class UsageError extends Error {}

/** "[METHOD ]PATH[ BODY]", or an object with `method`, `path`, `headers` and `body`. */
export function parseRequest(value, key) {
  if (typeof value === 'object' && value !== null) {
    if (typeof value.path !== 'string') throw new UsageError(`${key}: no "path"`);
    return {method: 'GET', headers: {}, ...value};
  }
  const match = /^(?:([A-Z]+) )?(\/\S*)(?: (.+))?$/s.exec(value);
  if (!match)
    throw new UsageError(`${key}: "[METHOD ]PATH[ BODY]" is expected, not ${JSON.stringify(value)}`);
  return {method: match[1] ?? 'GET', path: match[2], headers: {}, body: match[3]};
}

// "STATUS REQUEST".
function parseError(value) {
  if (typeof value === 'object' && value !== null) {
    return {...parseRequest(value, 'error'), status: value.status};
  }
  const match = /^(\d{3}) (.+)$/s.exec(value);
  if (!match)
    throw new UsageError(`error: "STATUS [METHOD ]PATH[ BODY]" is expected, not ${JSON.stringify(value)}`);
  return {...parseRequest(match[2], 'error'), status: Number(match[1])};
}

export function makeTarget(options) {
  for (const key of Object.keys(options)) {
    if (!kKeys.includes(key)) throw new UsageError(`${key}: unknown`);
  }
  let url;
  try {
    url = new URL(options.url);
  } catch {
    throw new UsageError(`url: ${JSON.stringify(options.url)} is none`);
  }
  if (!['http:', 'https:'].includes(url.protocol)) throw new UsageError('url: only http and https');
  const target = {
    url: url.origin,
    tls: url.protocol === 'https:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    authority: url.host,
    insecure: Boolean(options.insecure),
    headers: {},
    errors: [],
    patienceMs: 10_000,
    keepaliveMs: 20_000,
    unknownId: options['unknown-id'] ?? 'no-such-event-5a1f',
    endEvent: options['end-event'],
    resetEvent: options['reset-event'],
    origin: options.origin,
  };
  for (const key of kRequests) {
    if (options[key] !== undefined) target[key] = parseRequest(options[key], key);
  }
  for (const each of [options.error ?? []].flat()) target.errors.push(parseError(each));
  for (const each of [options.header ?? []].flat()) {
    const colon = each.indexOf(':');
    if (colon < 1) throw new UsageError(`header: "NAME: VALUE" is expected, not ${JSON.stringify(each)}`);
    target.headers[each.slice(0, colon)] = each.slice(colon + 1).trim();
  }
  for (const key of kNumbers) {
    if (options[key] === undefined) continue;
    const seconds = Number(options[key]);
    if (!(seconds > 0)) throw new UsageError(`${key}: a number of seconds is expected`);
    target[`${key}Ms`] = seconds * 1000;
  }
  return target;
}
