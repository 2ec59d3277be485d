// One program under Node and Deno, with a packed client.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { startServices, token } from './testing/processes.js';
import { Workspace } from './testing/workspace.js';

function checkRuntime(workspace, bridge, user, program, options = []) {
  const argv = [...options, 'main.mjs', bridge.address, token(user), user];
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    cwd: path.join(workspace.path, 'node'),
    encoding: 'utf8',
    timeout: 60000,
  });
  assert.equal(status, 0, `${error}\n${stdout}\n${stderr}`);
  const { year, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, { price: 7, title: `for ${user}`, same: true });
  assert.ok(year >= 2020);
}

test('one program consumes two streams and calls', async (t) => {
  const workspace = new Workspace(t);
  const bridge = await startServices(t);
  await t.test('under Node', () => checkRuntime(workspace, bridge, 'node', process.execPath));
  await t.test('under Deno', () => {
    const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
    const deno = path.join(workspace.modules, `@deno/linux-${arch}-glibc/deno`);
    const options = ['run', '--allow-net', '--allow-read', '--allow-env', '--node-modules-dir=manual'];
    checkRuntime(workspace, bridge, 'deno', deno, options);
  });
});
