// An app of Next.js, built from a packed client: rendered by its server, and
// used in a browser.
import assert from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';

import { checkApp } from './testing/app_rules.js';
import { startServices } from './testing/processes.js';
import { Workspace } from './testing/workspace.js';

const NEXT = 'next/dist/bin/next';

/** Starts the app's server; returns its address. */
async function serve(t, workspace) {
  const child = workspace.start('next', NEXT, ['start', '--hostname', '127.0.0.1', '--port', '0']);
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  });
  let output = '';
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error(`the server of Next.js ended:\n${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
        const found = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output);
        if (found && output.includes('Ready')) resolve(found[0]);
      });
    }
  });
}

test('Next.js', async (t) => {
  const bridge = await startServices(t);
  const workspace = new Workspace(t);
  workspace.run('next', NEXT, ['build']);
  const address = await serve(t, workspace);
  const html = await (await fetch(address)).text();
  assert.match(html, /<p id="state">idle<\/p>/);
  assert.match(html, /<p id="messages">loading<\/p>/);
  await checkApp(t, bridge, address, { user: 'next' });
});
