// Runs the proxies with the configurations beside this file: only addresses
// and places of files are others. Certificates are made anew.

import {execFile} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {eventually, Program, root, temporaryDirectory} from '../browser/support/programs.js';

const run = promisify(execFile);
const here = join(root, 'tests/proxies');
const kSbin = {...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`};

// A port that was free a moment ago: none of the three can say what it chose.
const freePort = () => new Promise((resolve, reject) => {
  const server = createServer();
  server.on('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const {port} = server.address();
    server.close(() => resolve(port));
  });
});

export async function makeCertificate() {
  const directory = temporaryDirectory();
  const file = (name) => join(directory, name);
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', file('key.pem'), '-out', file('cert.pem')]);
  writeFileSync(file('both.pem'),
    readFileSync(file('cert.pem'), 'utf8') + readFileSync(file('key.pem'), 'utf8'), {mode: 0o600});
  return directory;
}

function configuration(name, {certificate, port, bridge}) {
  const text = readFileSync(join(here, name), 'utf8');
  for (const expected of ['8443', '127.0.0.1:8080', '/etc/ssl/bridge']) {
    if (!text.includes(expected)) throw new Error(`${name} has no ${expected}`);
  }
  return text.replaceAll('8443', String(port))
    .replaceAll('127.0.0.1:8080', new URL(bridge).host)
    .replaceAll('/etc/ssl/bridge', certificate);
}

// What each is started with, given its configuration's text and a directory.
const kCommands = {
  nginx(text, directory) {
    const file = join(directory, 'nginx.conf');
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join('\n');
    writeFileSync(file, `daemon off;\nmaster_process off;\npid ${directory}/pid;\nerror_log stderr;\n` +
      `events { worker_connections 1024; }\nhttp {\naccess_log off;\n${temp}\n${text}}\n`);
    return ['nginx', '-p', directory, '-c', file];
  },
  haproxy(text, directory) {
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, text);
    return ['haproxy', '-db', '-f', file];
  },
  caddy(text, directory) {
    const file = join(directory, 'Caddyfile');
    writeFileSync(file, text);
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
  },
};
export const kFiles = {nginx: 'nginx.conf', haproxy: 'haproxy.cfg', caddy: 'Caddyfile'};

// {url, program}
export async function startProxy(name, {certificate, bridge}) {
  const port = await freePort();
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'home'));
  const argv = kCommands[name](configuration(kFiles[name], {certificate, port, bridge}), directory);
  const program = new Program(argv, {
    env: {...kSbin, HOME: join(directory, 'home'), XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory},
  });
  const url = `https://localhost:${port}`;
  await eventually(`${name} at ${port}`, async () => {
    if (program.isOver) throw new Error(`${name} did not start:\n${program.output}`);
    return run('curl', ['-sk', '-o', '/dev/null', `${url}/favicon.svg`]).then(() => true, () => false);
  });
  return {url, program};
}
