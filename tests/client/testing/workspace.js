// A folder with the apps and what they depend on: the packages of
// apps/package.json, and a generated client as `npm pack` makes it.
import assert from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { root, temporaryDirectory } from './processes.js';

const apps = path.join(root, 'tests/client/apps');

/** Links the packages in one node_modules folder to those in another. */
function link(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith('@')) link(path.join(from, name), path.join(to, name));
    else if (!name.startsWith('.')) symlinkSync(path.join(from, name), path.join(to, name));
  }
}

function run(program, argv, options) {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', ...options });
  assert.equal(status, 0, `${program} ${argv.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Installs a packed client into a node_modules folder. */
function install(client, modules) {
  const packed = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', modules], { cwd: client }));
  const { name, filename } = packed[0];
  const to = path.join(modules, name);
  mkdirSync(to, { recursive: true });
  run('tar', ['xzf', path.join(modules, filename), '-C', to, '--strip-components=1']);
}

export class Workspace {
  #client;
  #name;

  constructor(t, client = path.join(root, 'gen/ts')) {
    this.path = temporaryDirectory(t);
    const keep = (file) => !file.includes('node_modules');
    cpSync(apps, this.path, { recursive: true, filter: (file) => keep(path.relative(apps, file)) });
    this.modules = path.join(this.path, 'node_modules');
    link(path.join(apps, 'node_modules'), this.modules);
    install(client, this.modules);
    const { version, name } = JSON.parse(readFileSync(path.join(client, 'package.json'), 'utf8'));
    this.#client = client;
    this.#name = name;
    const own = path.join(this.path, 'package.json');
    const json = JSON.parse(readFileSync(own, 'utf8'));
    writeFileSync(own, JSON.stringify({ ...json, dependencies: { ...json.dependencies, [name]: version } }));
  }

  /**
   * Copies an app. The copy's client is not packed, but a link to a folder that
   * `gen.sh` has made in the app. Returns the copy's name.
   */
  linked(app) {
    const copy = `${app}-linked`;
    cpSync(path.join(this.path, app), path.join(this.path, copy), { recursive: true });
    cpSync(this.#client, path.join(this.path, copy, 'gen/ts'), { recursive: true });
    mkdirSync(path.join(this.path, copy, 'node_modules'));
    symlinkSync('../gen/ts', path.join(this.path, copy, 'node_modules', this.#name));
    return copy;
  }

  /** Runs a program of a package in an app's folder, until it ends. */
  run(app, file, argv, env = {}) {
    return run('node', [path.join(this.modules, file), ...argv], this.#options(app, env));
  }

  /** The same, without waiting for its end. */
  start(app, file, argv, env = {}) {
    return spawn('node', [path.join(this.modules, file), ...argv], this.#options(app, env));
  }

  #options(app, env) {
    return {
      cwd: path.join(this.path, app),
      env: { ...process.env, NODE_ENV: 'production', CI: '1', NEXT_TELEMETRY_DISABLED: '1', ...env },
    };
  }
}
