// The suite itself: a server that keeps every rule passes, and one that breaks a
// rule fails the check of that rule.
import assert from 'node:assert';
import {test} from 'node:test';

import {kGroups} from './checks/index.js';
import {kLevels, runCheck} from './lib/run.js';
import {makeTarget} from './lib/target.js';
import {assertPasses, check} from './testing/run.js';
import {optionsOf, startServer} from './testing/server.js';

test('a server that keeps every rule passes every check', async (t) => {
  const server = await startServer(t);
  assertPasses(await check({...optionsOf(server), patience: 60}));
});

test('names of checks are unique, and each check names its rule', () => {
  const checks = kGroups.flatMap(({checks: each}) => each);
  assert.equal(new Set(checks.map(({name}) => name)).size, checks.length);
  for (const {name, level, rule, text} of checks) {
    assert.match(name, /^[a-z0-9-]+$/);
    assert.ok(kLevels.includes(level), name);
    assert.ok(rule.length > 5 && text.endsWith('.'), name);
  }
});

for (const group of kGroups) {
  test(`${group.group}: each broken rule fails its check`, async (t) => {
    await Promise.all(
      group.checks.map(async (each) => {
        const server = await startServer(t, [each.name]);
        // What must never come is waited for; so briefly.
        const target = makeTarget({...optionsOf(server), patience: 1.5, keepalive: 1});
        const {outcome, detail} = await runCheck(group, each, target);
        server.stop();
        assert.equal(outcome, 'fail', `${each.name} does not see its fault (${outcome} ${detail})`);
      }),
    );
  });
}
