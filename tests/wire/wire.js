#!/usr/bin/env node
// Checks what a server of event streams sends, byte by byte.
//
//   node tests/wire/wire.js URL [OPTION...]
//
// Which requests give which kind of answer ("[METHOD ]PATH[ BODY]"):
//   --endless REQUEST     an event stream that goes on and has events by itself
//   --quiet REQUEST       an event stream without events
//   --resumable REQUEST   an event stream whose events have ids
//   --publish REQUEST     makes that stream have one more event; {n} is replaced by a number
//   --finite REQUEST      an event stream that ends by itself, without an error
//   --failing REQUEST     an event stream that ends with an error
//   --unary REQUEST       an ordinary request with a JSON answer
//   --error "STATUS REQUEST"   a request that is refused with this status (repeatable)
// What the server's names are:
//   --end-event NAME      the event that says that a stream has ended
//   --reset-event NAME    the event that says that events are missing
//   --unknown-id ID       an id that the server has never given
//   --origin ORIGIN       an origin that CORS allows
//   --header "NAME: VALUE"     is sent with every request (repeatable)
// How it is run:
//   --config FILE         the same options as JSON; a request may be an object with
//                         "method", "path", "headers" and "body"
//   --only NAME           only this group or check (repeatable)
//   --level LEVEL         only rules of this level: must, should or practice (repeatable)
//   --patience SECONDS    how long an answer may take; default 10
//   --keepalive SECONDS   how long a quiet stream may be silent; default 20
//   --jobs N              groups that run beside each other; default 4
//   --json FILE           writes the results as JSON, too
//   --insecure            accepts any certificate
//   --verbose             tells of every check what it is about
//   --list                only lists the checks and their rules
//
// The exit code is 0 if every check passes or does not apply, 1 if one fails, 2 for
// wrong options.

import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

import {kGroups} from './checks/index.js';
import {jsonReport, listing, textReport} from './lib/report.js';
import {kLevels, runAll} from './lib/run.js';
import {makeTarget, UsageError} from './lib/target.js';

const text = {type: 'string'};
const list = {type: 'string', multiple: true};
const flag = {type: 'boolean'};
const kOptions = {
  endless: text,
  quiet: text,
  resumable: text,
  publish: text,
  finite: text,
  failing: text,
  unary: text,
  error: list,
  'end-event': text,
  'reset-event': text,
  'unknown-id': text,
  origin: text,
  header: list,
  config: text,
  only: list,
  level: list,
  patience: text,
  keepalive: text,
  jobs: text,
  json: text,
  insecure: flag,
  verbose: flag,
  list: flag,
  help: flag,
};
const kRunOptions = ['config', 'only', 'level', 'jobs', 'json', 'verbose', 'list', 'help'];

function usage() {
  const source = readFileSync(fileURLToPath(import.meta.url), 'utf8')
    .split('\n')
    .slice(1);
  return source
    .slice(
      0,
      source.findIndex((line) => !line.startsWith('//')),
    )
    .map((line) => line.slice(3))
    .join('\n');
}

function selection({only = [], level = []}) {
  const names = kGroups.flatMap(({group, checks}) => [group, ...checks.map(({name}) => name)]);
  for (const name of only)
    if (!names.includes(name)) throw new UsageError(`--only: no check or group ${name}`);
  for (const one of level)
    if (!kLevels.includes(one)) throw new UsageError(`--level: must, should or practice, not ${one}`);
  return ({group}, check) =>
    (only.length === 0 || only.includes(group) || only.includes(check.name)) &&
    (level.length === 0 || level.includes(check.level));
}

async function main() {
  let parsed;
  try {
    parsed = parseArgs({options: kOptions, allowPositionals: true});
  } catch (error) {
    throw new UsageError(error.message);
  }
  const {values, positionals} = parsed;
  if (values.help) {
    console.log(usage());
    return 0;
  }
  if (values.list) {
    console.log(listing(kGroups));
    return 0;
  }
  const options = values.config === undefined ? {} : JSON.parse(readFileSync(values.config, 'utf8'));
  for (const [key, value] of Object.entries(values)) if (!kRunOptions.includes(key)) options[key] = value;
  if (positionals.length > 1) throw new UsageError('only one URL is expected');
  if (positionals.length === 1) [options.url] = positionals;
  if (options.url === undefined) throw new UsageError('a URL is expected');
  const target = makeTarget(options);
  const select = selection(values);
  const jobs = Number(values.jobs ?? 4);
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError('--jobs: a positive number is expected');
  const results = await runAll(kGroups, target, {select, jobs});
  process.stdout.write(textReport(kGroups, results, {verbose: values.verbose}));
  if (values.json !== undefined) writeFileSync(values.json, jsonReport(target, results));
  return results.some(({outcome}) => outcome === 'fail') ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`wire.js: ${error instanceof UsageError ? `${error.message} (see --help)` : error.stack}`);
    process.exitCode = 2;
  },
);
