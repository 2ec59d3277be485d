// Runs checks. Those of a group run one after the other, groups beside each other.

import {TimedOut} from './connection.js';
import {Failure, NotOffered, Trial} from './trial.js';

/** What a rule is: an obligation, a recommendation, or what clients and proxies rely on. */
export const kLevels = ['must', 'should', 'practice'];

const kMissing = {
  errors: (target) => target.errors.length === 0,
  ordinary: (target) => target.unary === undefined && target.errors.length === 0,
  'end-event': (target) => target.endEvent === undefined,
  'reset-event': (target) => target.resetEvent === undefined,
};

function missing(check, target) {
  return (check.needs ?? []).filter((key) => (kMissing[key] ?? ((each) => each[key] === undefined))(target));
}

/** {group, name, level, rule, text, outcome, detail}; outcomes: pass, fail, not offered, not told. */
export async function runCheck(group, check, target) {
  const result = {
    group: group.group,
    name: check.name,
    level: check.level,
    rule: check.rule,
    text: check.text,
    outcome: 'pass',
    detail: '',
  };
  const absent = missing(check, target);
  if (absent.length > 0) {
    return {
      ...result,
      outcome: 'not told',
      detail: `needs --${absent.join(', --').replace('errors', 'error').replace('ordinary', 'unary or --error')}`,
    };
  }
  const trial = new Trial(target);
  try {
    await check.run(trial);
  } catch (error) {
    result.outcome = error instanceof NotOffered ? 'not offered' : 'fail';
    const known = error instanceof Failure || error instanceof NotOffered || error instanceof TimedOut;
    result.detail = known ? error.message : `${error.code ?? error.name}: ${error.message}`;
  } finally {
    trial.close();
  }
  return result;
}

export async function runAll(groups, target, {select = () => true, jobs = 4, onResult = () => {}} = {}) {
  const queue = groups.map((group) => ({group, results: []}));
  const waiting = [...queue];
  const work = async () => {
    for (let next; (next = waiting.shift());) {
      for (const check of next.group.checks) {
        if (!select(next.group, check)) continue;
        const result = await runCheck(next.group, check, target);
        next.results.push(result);
        onResult(result);
      }
    }
  };
  await Promise.all(Array.from({length: jobs}, work));
  return queue.flatMap(({results}) => results);
}
