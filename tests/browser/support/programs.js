// Starts the real programs on free ports, and ends them by their process id.

import {spawn} from 'node:child_process';
import {createHmac, randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const kBridge = process.env.SSE_BRIDGE_PROGRAM ?? join(root, 'build/release/bridge/sse-bridge');
const kBackends =
  process.env.SSE_BRIDGE_BACKENDS ?? join(root, 'build/release/backends/realtime-backends');

const kStartMs = 60_000;
const kEndMs = 10_000;

const running = new Set();
const directories = new Set();

export function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'sse-bridge-browser-'));
  directories.add(path);
  return path;
}

export class Program {
  // The line that says that it is ready is `ready`; what is after it is kept.
  static async start(argv, ready, options = {}) {
    const program = new Program(argv, options);
    try {
      program.address = await program.#waitFor(ready);
    } catch (error) {
      await program.kill();
      throw error;
    }
    return program;
  }

  constructor([command, ...args], options = {}) {
    this.name = command;
    this.output = '';
    this.child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe'], ...options});
    running.add(this);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.output += text;
        this.#news?.();
      });
    }
    this.ended = new Promise((resolve) => {
      const done = (code) => {
        running.delete(this);
        this.isOver = true;
        this.#news?.();
        resolve(code);
      };
      this.child.on('exit', done);
      this.child.on('error', (error) => {
        this.output += String(error);
        done(-1);
      });
    });
  }

  // As after a power cut.
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), kEndMs);
    await this.ended;
    clearTimeout(timer);
  }

  isOver = false;
  #news = null;

  async #waitFor(ready) {
    const deadline = Date.now() + kStartMs;
    for (;;) {
      const at = this.output.indexOf(ready);
      const end = at < 0 ? -1 : this.output.indexOf('\n', at);
      if (end >= 0) return this.output.slice(at + ready.length, end).trim();
      const left = deadline - Date.now();
      if (this.isOver || left <= 0) throw new Error(`${this.name} did not start:\n${this.output}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#news = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

// Ends what still runs and removes the temporary directories.
export async function cleanUp() {
  await Promise.all([...running].map((program) => program.kill()));
  for (const path of directories) rmSync(path, {recursive: true, force: true});
  directories.clear();
}
process.on('exit', () => {
  for (const program of running) program.child.kill('SIGKILL');
  for (const path of directories) rmSync(path, {recursive: true, force: true});
});

export function startBackends({store = 'memory', listen = '127.0.0.1:0', options = []} = {}) {
  const where = store === 'memory' ? `sqlite:${join(temporaryDirectory(), 'events.db')}` : store;
  return Program.start(
    [kBackends, '--listen', listen, '--store', where, '--presence-grace=50ms', ...options],
    'listening on ');
}

export const startForeignBackend = () =>
  Program.start(
    ['node', join(root, 'tests/foreign/backend.js'), join(root, 'proto')], 'listening on ');

const kSecret = randomBytes(32).toString('hex');

// A bridge that accepts the tokens of `token()`; `url` is where it listens.
export async function startBridge(upstream, {listen = '127.0.0.1:0', options = []} = {}) {
  const key = join(temporaryDirectory(), 'key');
  writeFileSync(key, kSecret, {mode: 0o600});
  const bridge = await Program.start(
    [kBridge, '--listen', listen, '--upstream', upstream, '--auth-key', key,
      '--drain-timeout', '1s', ...options],
    'listening on ');
  bridge.url = bridge.address;
  return bridge;
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function token(subject, {scopes = [], roles = [], seconds = 3600} = {}) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${base64url({alg: 'HS256', typ: 'JWT'})}.${base64url(
    {sub: subject, iat: now, exp: now + seconds, scope: scopes.join(' '), roles})}`;
  return `${signed}.${createHmac('sha256', kSecret).update(signed).digest('base64url')}`;
}

export const kEverything = {
  scopes: ['notifications:read', 'notifications:write', 'prices:publish', 'tasks:write'],
  roles: ['admin'],
};
export const fullToken = (subject) => token(subject, kEverything);

// A call that must succeed.
export async function post(url, path, bearer, body) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json'},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

// Asks again until the answer is true.
export async function eventually(what, done, ms = 60_000) {
  for (const deadline = Date.now() + ms;;) {
    const found = await done();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
