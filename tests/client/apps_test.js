// Apps of several frameworks, built by Vite from a packed client and used in a
// browser. Those that can are rendered on a server before.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { checkApp } from './testing/app_rules.js';
import { startServices } from './testing/processes.js';
import { Workspace } from './testing/workspace.js';

const VITE = 'vite/bin/vite.js';

function build(workspace, app, mode = 'production') {
  workspace.run(app, VITE, ['build', '--mode', mode], { NODE_ENV: mode });
  return path.join(workspace.path, app, 'dist');
}

/** Renders an app as a server does: nothing is asked for, and nothing stays. */
function render(workspace, app, entry, mode) {
  workspace.run(app, VITE, ['build', '--mode', mode, '--ssr', entry, '--outDir', 'server'], { NODE_ENV: mode });
  const program = `
    globalThis.fetch = () => { throw new Error('a server asks for nothing'); };
    const { render } = await import('./server/server.js');
    process.stdout.write(await render());`;
  const { status, stdout, stderr } = spawnSync('node', ['--input-type=module', '-e', program], {
    cwd: path.join(workspace.path, app),
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: mode },
    timeout: 60000,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

/** Builds an app whose page has what a server has rendered. */
function buildRendered(workspace, app, entry, mode = 'production') {
  const rendered = render(workspace, app, entry, mode);
  const shown = rendered.replaceAll(/<!--.*?-->/g, '');
  assert.match(shown, /<p id="state"[^>]*>idle<\/p>/);
  assert.match(shown, /<p id="price"[^>]*>none<\/p>/);
  assert.match(shown, /<p id="messages"[^>]*>\s*loading\s*<\/p>/);
  const pages = build(workspace, app, mode);
  const index = path.join(pages, 'index.html');
  const html = readFileSync(index, 'utf8');
  assert.ok(html.includes('<!--app-->'));
  writeFileSync(index, html.replace('<!--app-->', () => rendered));
  return pages;
}

test('apps consume two streams and a call each', async (t) => {
  const workspace = new Workspace(t);
  const bridge = await startServices(t);

  await t.test('the types of hooks, composables and queries', () => {
    const options = ['--strict', '--noEmit', '--noUncheckedIndexedAccess', '--skipLibCheck'];
    const target = ['--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
    workspace.run('types', 'typescript/bin/tsc', [...options, ...target, '--lib', 'es2022,dom', 'hooks.ts']);
  });
  await t.test('React, rendered on a server', async (each) => {
    const pages = buildRendered(workspace, 'react', 'server.jsx');
    await checkApp(each, bridge, pages, { user: 'react', switches: true });
  });
  await t.test('React in strict mode, which mounts twice', async (each) => {
    const pages = buildRendered(workspace, 'react', 'server.jsx', 'development');
    await checkApp(each, bridge, pages, { user: 'strict', switches: true });
  });
  await t.test('Vue, rendered on a server', async (each) => {
    const pages = buildRendered(workspace, 'vue', 'server.js');
    await checkApp(each, bridge, pages, { user: 'vue', switches: true });
  });
  await t.test('Svelte, rendered on a server', async (each) => {
    const pages = buildRendered(workspace, 'svelte', 'server.js');
    await checkApp(each, bridge, pages, { user: 'svelte' });
  });
  await t.test('React, with a client that is linked in the application, as the README says', async (each) => {
    const pages = buildRendered(workspace, workspace.linked('react'), 'server.jsx');
    await checkApp(each, bridge, pages, { user: 'linked', switches: true });
  });
  await t.test('TanStack Query', async (each) => {
    await checkApp(each, bridge, build(workspace, 'tanstack'), { user: 'tanstack' });
  });
  await t.test('a plain page, without a build', async (each) => {
    await checkApp(each, bridge, workspace.path, { user: 'page', path: '/page/' });
  });
});
