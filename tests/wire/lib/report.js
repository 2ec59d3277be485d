// What a person, and what a program, reads of the results.

const kMarks = {pass: '  ok  ', fail: ' FAIL ', 'not offered': '  --  ', 'not told': '  ..  '};

export function textReport(groups, results, {verbose = false} = {}) {
  const lines = [];
  for (const {group, title} of groups) {
    const own = results.filter((result) => result.group === group);
    if (own.length === 0) continue;
    lines.push('', title);
    const absent = new Map();
    for (const {name, level, rule, text, outcome, detail} of own) {
      if (!verbose && outcome.startsWith('not ')) {
        const why = outcome === 'not offered' ? `${outcome}: ${detail}` : detail;
        absent.set(why, [...(absent.get(why) ?? []), name]);
        continue;
      }
      lines.push(`${kMarks[outcome]} ${name} (${level}; ${rule})`);
      if (outcome === 'fail' || verbose) lines.push(`         ${text}`);
      if (detail !== '') lines.push(`         ${detail}`);
    }
    for (const [why, names] of absent) {
      lines.push(`  --   ${names.length > 3 ? `${names.length} checks` : names.join(', ')} (${why})`);
    }
  }
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  lines.push(
    '',
    `${count('pass')} pass, ${count('fail')} fail, ${count('not offered')} not offered, ` +
      `${count('not told')} not run because an option is missing`,
  );
  return `${lines.join('\n').trimStart()}\n`;
}

export function jsonReport(target, results) {
  return `${JSON.stringify({url: target.url, results}, null, 2)}\n`;
}

/** The checks as a list, for --list. */
export function listing(groups) {
  return groups
    .flatMap(({group, title, checks}) => [
      '',
      `${group}: ${title}`,
      ...checks.map(
        ({name, level, rule, text, needs = []}) =>
          `  ${name} (${level}; ${rule})\n      ${text}${needs.length > 0 ? ` [${needs.join(', ')}]` : ''}`,
      ),
    ])
    .join('\n')
    .trimStart();
}
