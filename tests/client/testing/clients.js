// Generated clients, as a user would install them.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { root, temporaryDirectory } from './processes.js';

/** A copy of a generated package, with nothing beside it: it needs nothing. */
export function installed(t, generated = path.join(root, 'gen/ts')) {
  const directory = temporaryDirectory(t);
  cpSync(generated, directory, { recursive: true });
  return directory;
}

export function load(directory, file = 'index.js') {
  return import(pathToFileURL(path.join(directory, file)).href);
}

/** What scripts/gen.sh makes of somebody's protos: the folder. */
export function generate(t, protoDir, options = []) {
  const out = temporaryDirectory(t);
  const script = path.join(root, 'scripts/gen.sh');
  execFileSync(script, ['--proto-dir', protoDir, '--out', out, ...options], { stdio: 'inherit' });
  return out;
}

/** A fetch that keeps what it was asked for. */
export function watchedFetch() {
  const calls = [];
  const fetch = (url, init) => {
    calls.push({ url, ...init });
    return globalThis.fetch(url, init);
  };
  return { fetch, calls };
}

/** The next `count` values of an iterator, which stays open. */
export async function take(iterator, count) {
  const values = [];
  while (values.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    values.push(value);
  }
  return values;
}
