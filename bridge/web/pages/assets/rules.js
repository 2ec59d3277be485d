// Shows the texts of buf.validate's rules, and checks the rules that a browser can check.
// The bridge checks all of them; checking here only saves a round trip. The texts are the
// bridge's: `texts` of a field in /schema.json has them by the path of the rule.
//
// A "value" is a field of /schema.json, or a part of one: an item, a key or a value. Its
// `rules` are those of the part, and `prefix` is their path ("repeated.items.").

const kNumeric = ['int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64',
  'sfixed32', 'sfixed64', 'float', 'double'];
export const isNumber = (type) => kNumeric.includes(type);
export const isInteger = (type) => isNumber(type) && type !== 'float' && type !== 'double';

const kNoKind = ['required', 'repeated', 'map', 'cel', 'cel_expression', 'ignore'];
const kindOf = (rules = {}) => Object.keys(rules).find((name) => !kNoKind.includes(name));

// The rules of a scalar, whatever its type: {min_len: ..., in: [...], ...}.
// Wrapper types such as `google.protobuf.StringValue` have those of the wrapped
// type.
export const scalarRules = (rules = {}) => rules[kindOf(rules)] ?? {};

// The text of the first of these rules that has one.
function textOf({rules, prefix = '', texts = {}}, ...names) {
  const paths = names.map((name) => `${prefix}${kindOf(rules)}.${name}`);
  return texts[paths.find((path) => path in texts)] ?? 'is not valid';
}

const kSubjects = {'repeated.items.': 'each ', 'map.keys.': 'each key ', 'map.values.': 'each value '};

// Describes a field's rules in one line; '' if it has none. A mark shows `required`, and a
// list of choices shows `defined_only`.
export function describeRules({texts = {}}) {
  const shown = [];
  for (const [path, text] of Object.entries(texts)) {
    if (path === 'required' || path.endsWith('enum.defined_only')) continue;
    const part = Object.keys(kSubjects).find((prefix) => path.startsWith(prefix));
    shown.push(`${kSubjects[part] ?? ''}${text}`);
  }
  return shown.join('; ');
}

// A range with inverted bounds excludes the values between them.
function isInRange(number, r) {
  const low = r.gt ?? r.gte;
  const high = r.lt ?? r.lte;
  const above = low === undefined || (r.gt !== undefined ? number > Number(low) : number >= Number(low));
  const below = high === undefined || (r.lt !== undefined ? number < Number(high) : number <= Number(high));
  const inverted = low !== undefined && high !== undefined && Number(high) < Number(low);
  return inverted ? above || below : above && below;
}

function checkNumber(text, type, value) {
  const r = scalarRules(value.rules);
  if (['NaN', 'Infinity', '-Infinity'].includes(text)) {
    return isInteger(type) ? 'must be a number' : r.finite ? textOf(value, 'finite') : null;
  }
  const number = Number(text);
  if (Number.isNaN(number)) return 'must be a number';
  if (isInteger(type) && !Number.isInteger(number)) return 'must be a whole number';
  if (type[0] === 'u' && number < 0) return 'must not be negative';
  if (number === 0 && ignoresZero(value)) return null;
  if (!isInRange(number, r)) return textOf(value, 'gt', 'gte', 'lt', 'lte');
  if (r.const !== undefined && Number(r.const) !== number) return textOf(value, 'const');
  if (r.in && !r.in.some((v) => Number(v) === number)) return textOf(value, 'in');
  if (r.not_in?.some((v) => Number(v) === number)) return textOf(value, 'not_in');
  return null;
}

const lengthOf = (text) => [...text].length;

// Whether a text follows each rule.
const kTextChecks = {
  const: (text, v) => text === v,
  len: (text, v) => lengthOf(text) === Number(v),
  min_len: (text, v) => lengthOf(text) >= Number(v),
  max_len: (text, v) => lengthOf(text) <= Number(v),
  prefix: (text, v) => text.startsWith(v),
  suffix: (text, v) => text.endsWith(v),
  contains: (text, v) => text.includes(v),
  not_contains: (text, v) => !text.includes(v),
  in: (text, v) => v.includes(text),
  not_in: (text, v) => !v.includes(text),
};

const ignoresZero = ({rules}) => rules?.ignore === 'IGNORE_IF_ZERO_VALUE';

// Returns the problem with the text of a scalar, or null if none is found.
export function checkScalar(text, type, value) {
  if (value.rules?.ignore === 'IGNORE_ALWAYS') return null;
  if (isNumber(type)) return checkNumber(text, type, value);
  if (type !== 'string' || (text === '' && ignoresZero(value))) return null;
  const r = scalarRules(value.rules);
  for (const [name, follows] of Object.entries(kTextChecks)) {
    if (r[name] !== undefined && !follows(text, r[name])) return textOf(value, name);
  }
  return null;
}

// Returns the problem with the number of items or entries, or null.
export function checkCount(count, {rules = {}, texts = {}}) {
  if (count === 0 && ignoresZero({rules})) return null;
  const [kind, least, most] = rules.map ?
    ['map', 'min_pairs', 'max_pairs'] : ['repeated', 'min_items', 'max_items'];
  const r = rules[kind] ?? {};
  if (count < Number(r[least] ?? 0)) return texts[`${kind}.${least}`];
  if (count > Number(r[most] ?? Infinity)) return texts[`${kind}.${most}`];
  return null;
}
