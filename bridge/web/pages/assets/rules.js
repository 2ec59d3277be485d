// Describes buf.validate's rules, and checks those that a browser can check. The
// bridge checks all of them; checking here only saves a round trip.

const kNumeric = ['int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64',
  'sfixed32', 'sfixed64', 'float', 'double'];
export const isNumber = (type) => kNumeric.includes(type);
export const isInteger = (type) => isNumber(type) && type !== 'float' && type !== 'double';

// The rules of a scalar, whatever its type: {min_len: ..., in: [...], ...}.
// Wrapper types such as `google.protobuf.StringValue` have those of the wrapped
// type.
export function scalarRules(rules = {}) {
  for (const [kind, value] of Object.entries(rules)) {
    if (!['required', 'repeated', 'map', 'cel'].includes(kind)) return value;
  }
  return {};
}

const list = (values) => values.join(', ');

// Describes each rule. Null if a rule needs no description.
const kWords = {
  const: (v) => `exactly ${v}`,
  len: (v) => `exactly ${v} characters`,
  min_len: (v) => (Number(v) === 1 ? 'not empty' : `at least ${v} characters`),
  max_len: (v) => `at most ${v} characters`,
  len_bytes: (v) => `exactly ${v} bytes`,
  min_bytes: (v) => `at least ${v} bytes`,
  max_bytes: (v) => `at most ${v} bytes`,
  pattern: (v) => `matches ${v}`,
  prefix: (v) => `begins with ${v}`,
  suffix: (v) => `ends with ${v}`,
  contains: (v) => `contains ${v}`,
  not_contains: (v) => `does not contain ${v}`,
  in: (v) => `one of ${list(v)}`,
  not_in: (v) => `none of ${list(v)}`,
  lt: (v) => `less than ${v}`,
  lte: (v) => `at most ${v}`,
  gt: (v) => `greater than ${v}`,
  gte: (v) => `at least ${v}`,
  finite: (v) => (v ? 'finite' : null),
  defined_only: () => null,
  min_items: (v) => `at least ${v} item${v === '1' ? '' : 's'}`,
  max_items: (v) => `at most ${v} item${v === '1' ? '' : 's'}`,
  unique: (v) => (v ? 'no item twice' : null),
  min_pairs: (v) => `at least ${v} entr${v === '1' ? 'y' : 'ies'}`,
  max_pairs: (v) => `at most ${v} entr${v === '1' ? 'y' : 'ies'}`,
};

const words = (rules) =>
  Object.entries(rules).map(([name, value]) => kWords[name]?.(value)).filter(Boolean);

// Describes a field's rules in one line; '' if it has none.
export function describeRules({rules = {}}) {
  const said = words({...scalarRules(rules), ...rules.repeated, ...rules.map});
  const items = rules.repeated?.items;
  if (items) said.push(...words(scalarRules(items)).map((each) => `each ${each}`));
  for (const part of ['keys', 'values']) {
    const inner = rules.map?.[part];
    if (inner) said.push(...words(scalarRules(inner)).map((each) => `${part} ${each}`));
  }
  return said.join('; ');
}

function checkNumber(value, type, r) {
  if (['NaN', 'Infinity', '-Infinity'].includes(value)) {
    return isInteger(type) ? 'must be a number' : r.finite ? 'must be finite' : null;
  }
  const number = Number(value);
  if (Number.isNaN(number)) return 'must be a number';
  if (isInteger(type) && !Number.isInteger(number)) return 'must be a whole number';
  if (type[0] === 'u' && number < 0) return 'must not be negative';
  if (r.lt !== undefined && !(number < Number(r.lt)) && rangeIsPlain(r)) return `must be less than ${r.lt}`;
  if (r.lte !== undefined && !(number <= Number(r.lte)) && rangeIsPlain(r)) return `must be at most ${r.lte}`;
  if (r.gt !== undefined && !(number > Number(r.gt)) && rangeIsPlain(r)) return `must be greater than ${r.gt}`;
  if (r.gte !== undefined && !(number >= Number(r.gte)) && rangeIsPlain(r)) return `must be at least ${r.gte}`;
  return null;
}

// False for a range with inverted bounds, which excludes the values between them.
// Only the bridge checks those.
function rangeIsPlain(r) {
  const low = Number(r.gt ?? r.gte ?? -Infinity);
  const high = Number(r.lt ?? r.lte ?? Infinity);
  return low <= high;
}

// Returns the problem with the text of a scalar, or null if it is valid.
export function checkScalar(text, type, rules) {
  const r = scalarRules(rules);
  if (isNumber(type)) {
    const wrong = checkNumber(text, type, r);
    if (wrong !== null) return wrong;
    if (r.in && !r.in.some((v) => Number(v) === Number(text))) return `must be one of ${list(r.in)}`;
    return null;
  }
  if (type !== 'string') return null;
  const length = [...text].length;
  if (r.min_len !== undefined && length < Number(r.min_len)) return `must be ${kWords.min_len(r.min_len)}`;
  if (r.max_len !== undefined && length > Number(r.max_len)) return `must be ${kWords.max_len(r.max_len)}`;
  if (r.in && !r.in.includes(text)) return `must be one of ${list(r.in)}`;
  if (r.not_in?.includes(text)) return `must be none of ${list(r.not_in)}`;
  if (r.prefix !== undefined && !text.startsWith(r.prefix)) return `must begin with ${r.prefix}`;
  if (r.suffix !== undefined && !text.endsWith(r.suffix)) return `must end with ${r.suffix}`;
  return null;
}

// Returns the problem with the number of items.
export function checkCount(count, rules = {}) {
  const r = rules.repeated ?? rules.map ?? {};
  const least = Number(r.min_items ?? r.min_pairs ?? 0);
  const most = Number(r.max_items ?? r.max_pairs ?? Infinity);
  const what = rules.map ? 'entries' : 'items';
  if (count < least) return `must have at least ${least} ${what}`;
  if (count > most) return `must have at most ${most} ${what}`;
  return null;
}
