// The real programs, as tests/integration starts them. The environment says
// where they are: SSE_BRIDGE_PROGRAM, SSE_BRIDGE_BACKENDS.
import assert from 'node:assert';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const KEY = '0123456789abcdef0123456789abcdef0123456789abcdef';
const PATIENCE_MS = 30000;

export const EVERYTHING = {
  scope: 'notifications:read notifications:write prices:publish tasks:write',
  roles: ['admin'],
};

export function temporaryDirectory(t) {
  const directory = mkdtempSync(path.join(tmpdir(), 'client-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A program that says "listening on ADDRESS". */
export class Program {
  constructor(t, argv) {
    this.argv = argv;
    this.output = '';
    t.after(() => this.kill());
  }

  async start() {
    this.child = spawn(this.argv[0], this.argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', resolve);
    });
    this.child.stderr.on('data', (data) => {
      this.output += data;
    });
    this.address = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${this.argv[0]}: ${why}\n${this.output}`));
      const timer = setTimeout(fail, PATIENCE_MS, 'did not start');
      let out = '';
      this.child.stdout.on('data', (data) => {
        out += data;
        const line = /^listening on (\S+)$/m.exec(out);
        if (line) {
          clearTimeout(timer);
          resolve(line[1]);
        }
      });
      this.child.once('exit', () => {
        clearTimeout(timer);
        fail('ended');
      });
    });
    return this;
  }

  async kill() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

export function startBackends(t, { store = temporaryDirectory(t), options = [] } = {}) {
  return new Program(t, [
    process.env.SSE_BRIDGE_BACKENDS,
    ...['--listen', '127.0.0.1:0', '--store', `sqlite:${store}/events.db`],
    ...['--nosimulate_market', '--presence-grace=50ms', ...options],
  ]).start();
}

/** The backend in Node that no C++ of ours has seen. */
export function startForeignBackend(t) {
  return new Program(t, ['node', `${root}/tests/foreign/backend.js`, `${root}/proto`]).start();
}

/** A bridge that can be killed and started again at its address. */
export class Bridge {
  constructor(t, upstream, options = []) {
    const key = path.join(temporaryDirectory(t), 'key');
    writeFileSync(key, KEY);
    this.t = t;
    this.listen = '127.0.0.1:0';
    this.argv = [
      ...['--upstream', upstream, '--auth-key', key, '--drain-timeout', '1s'],
      ...['--auth-leeway', '0s', ...options],
    ];
  }

  async start() {
    const argv = [process.env.SSE_BRIDGE_PROGRAM, '--listen', this.listen, ...this.argv];
    this.program = await new Program(this.t, argv).start();
    this.address = this.program.address;
    this.listen = this.address.replace('http://', '');
    return this;
  }

  kill() {
    return this.program.kill();
  }
}

export async function startServices(t, options) {
  const backends = await startBackends(t);
  return new Bridge(t, backends.address, options).start();
}

function base64url(value) {
  return Buffer.from(value).toString('base64url');
}

export function token(subject, claims = EVERYTHING, seconds = 3600) {
  const now = Date.now() / 1000;
  const text = `${base64url('{"alg":"HS256"}')}.${base64url(
    JSON.stringify({ sub: subject, iat: Math.floor(now), exp: now + seconds, ...claims }),
  )}`;
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`;
}

/** Asks again until the answer is true. */
export async function until(what, done) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await done())) {
    assert(Date.now() < deadline, `waited too long for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
