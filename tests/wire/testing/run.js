// Runs the suite from a test.

import assert from 'node:assert';

import {kGroups} from '../checks/index.js';
import {textReport} from '../lib/report.js';
import {runAll} from '../lib/run.js';
import {makeTarget} from '../lib/target.js';

/** The results by name. */
export async function check(options, select) {
  const results = await runAll(kGroups, makeTarget(options), {select});
  return Object.fromEntries(results.map((result) => [result.name, result]));
}

/** Every check passes; those in `exceptions` have one of the outcomes that it names. */
export function assertPasses(results, exceptions = {}) {
  const report = textReport(kGroups, Object.values(results));
  for (const [name, {outcome}] of Object.entries(results)) {
    assert.ok((exceptions[name] ?? ['pass']).includes(outcome), `${name}: ${outcome}\n${report}`);
  }
}
