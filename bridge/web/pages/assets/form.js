// A form for any message type of /schema.json. Each control is a node with a
// function that reads its value for the JSON request. Undefined means that the
// field is omitted.

import {element, labelled} from './dom.js';
import {checkCount, checkScalar, describeRules, isInteger, isNumber, scalarRules} from './rules.js';

// Maximum nesting of messages. The user opens each level, so recursive types are
// harmless.
const kMaxDepth = 12;

// Well-known types whose JSON is a single value.
const kTextTypes = {
  'google.protobuf.Timestamp': '2026-01-31T12:00:00Z',
  'google.protobuf.Duration': '1.5s',
  'google.protobuf.FieldMask': 'name,size',
};
const kJsonTypes = {
  'google.protobuf.Any': '{"@type": "type.googleapis.com/package.Type"}',
  'google.protobuf.Struct': '{"key": "value"}',
  'google.protobuf.Value': 'any JSON',
  'google.protobuf.ListValue': '[1, 2]',
};
const kWrappers = {
  DoubleValue: 'double', FloatValue: 'float', Int64Value: 'int64', UInt64Value: 'uint64',
  Int32Value: 'int32', UInt32Value: 'uint32', BoolValue: 'bool', StringValue: 'string',
  BytesValue: 'bytes',
};

export function wrapped(field) {
  return field.type !== 'message' ? undefined :
    kWrappers[field.type_name.replace(/^google\.protobuf\./, '')];
}
export const isText = (field) =>
  field.type !== 'message' || field.type_name in kTextTypes || wrapped(field) !== undefined;

function typeText(field) {
  const bare = (field.type_name ?? field.type).replace(/^google\.protobuf\./, '');
  if (field.map) return `map<${field.map}, ${bare}>`;
  return field.repeated ? `repeated ${bare}` : bare;
}

// Returns the value with JSON field names.
export function withJsonNames(schema, typeName, value) {
  const fields = schema.messages[typeName];
  if (fields === undefined || isText({type: 'message', type_name: typeName}) || typeName in kJsonTypes) {
    return value;
  }
  const renamed = {};
  for (const [name, each] of Object.entries(value)) {
    const field = fields.find((one) => one.name === name);
    const inner = (one) => (field.type === 'message' ? withJsonNames(schema, field.type_name, one) : one);
    renamed[field.json_name ?? name] = field.map ?
      Object.fromEntries(Object.entries(each).map(([key, one]) => [key, inner(one)])) :
      field.repeated ? each.map(inner) : inner(each);
  }
  return renamed;
}

// Whether the field at a path of proto names is a map.
export function isMapField(schema, typeName, path) {
  let field;
  for (const name of path.split('.')) {
    field = schema.messages[typeName]?.find((one) => one.name === name);
    typeName = field?.type_name;
  }
  return field?.map !== undefined;
}

// The form of a message. Omits the fields for which `skip(field)` is true.
export class MessageForm {
  #schema;
  #fields = [];  // {field, control, wrong}

  constructor(schema, typeName, {skip = () => false, depth = 0} = {}) {
    this.#schema = schema;
    this.node = element('div', {class: 'fields'});
    for (const text of schema.message_rules?.[typeName] ?? []) {
      this.node.append(element('p', {class: 'muted small'}, text));
    }
    for (const field of schema.messages[typeName] ?? []) {
      if (!skip(field)) this.#add(field, depth);
    }
    if (this.#fields.length === 0) {
      this.node.append(element('p', {class: 'muted small'}, 'Takes no fields.'));
    }
  }

  // Reads the fields that are set and marks invalid ones. Returns {value, wrong},
  // where `wrong` is the number of invalid fields.
  read() {
    const value = {};
    let wrong = 0;
    for (const {field, control, wrong: place} of this.#fields) {
      const found = control.read();
      let problem = found.problem ?? null;
      if (found.value === undefined && field.rules?.required && problem === null) {
        problem = field.texts?.required ?? 'is required';
      }
      wrong += (problem !== null ? 1 : 0) + (found.wrong ?? 0);
      this.#mark(control, place, problem);
      if (found.value !== undefined) value[field.name] = found.value;
    }
    return {value, wrong};
  }

  // Marks the fields of the bridge's violations. Returns those of other fields.
  mark(violations) {
    return violations.filter(({field: path = '', description}) => {
      const name = path.split(/[.[]/)[0];
      const found = this.#fields.find(({field}) => field.name === name);
      if (found === undefined) return true;
      const rest = path.length > name.length ? `${path}: ` : '';
      this.#mark(found.control, found.wrong, `${rest}${description}`);
      return false;
    });
  }

  focusWrong() {
    this.node.querySelector('[aria-invalid="true"]')?.focus();
  }

  #mark(control, place, problem) {
    place.hidden = problem === null;
    place.textContent = problem ?? '';
    const input = control.input ?? control.node.querySelector('input, select, textarea, button');
    if (problem === null) {
      input?.removeAttribute('aria-invalid');
    } else {
      input?.setAttribute('aria-invalid', 'true');
    }
  }

  #add(field, depth) {
    const control = controlFor(this.#schema, field, depth);
    const wrong = element('div', {class: 'wrong', role: 'alert', hidden: true});
    const hints = [describeRules(field), field.comment].filter(Boolean).join('\n');
    const title = [
      field.name,
      field.rules?.required ? element('span', {class: 'needed', title: 'required'}, ' *') : '',
      element('span', {class: 'type'}, field.oneof ? `${typeText(field)}, one of ${field.oneof}` : typeText(field)),
    ];
    let row;
    if (control.input !== undefined) {
      row = labelled('', control.node);
      row.firstChild.append(...title);
      row.firstChild.htmlFor = control.input.id ||= `${row.firstChild.htmlFor}-input`;
    } else {
      control.node.setAttribute('role', 'group');
      control.node.setAttribute('aria-label', field.name);
      row = element('div', {class: 'field'}, element('div', {class: 'label'}, ...title), control.node);
    }
    row.append(wrong);
    if (hints !== '') row.append(element('div', {class: 'hint'}, hints));
    row.dataset.field = field.name;
    this.#fields.push({field, control, wrong});
    this.node.append(row);
  }
}

function controlFor(schema, field, depth) {
  if (field.map) return mapControl(schema, field, depth);
  if (field.repeated) return listControl(schema, field, depth);
  return singleControl(schema, field, depth);
}

function singleControl(schema, field, depth) {
  if (field.type === 'enum') return enumControl(schema, field);
  const type = wrapped(field) ?? field.type;
  if (type === 'bool') return boolControl(field);
  if (type === 'message' || type === 'group') {
    if (field.type_name in kTextTypes) return textControl(field, 'string', kTextTypes[field.type_name]);
    if (field.type_name in kJsonTypes) return jsonControl(kJsonTypes[field.type_name]);
    return messageControl(schema, field, depth);
  }
  return textControl(field, type);
}

function textControl(field, type, placeholder = '') {
  const rules = field.rules;
  const choices = type === 'string' || isNumber(type) ? scalarRules(rules).in : undefined;
  if (choices) return choiceControl(choices, (text) => scalarValue(text, type));
  const input = element('input', {
    type: 'text',
    inputmode: isInteger(type) ? 'numeric' : isNumber(type) ? 'decimal' : undefined,
    placeholder: placeholder || (type === 'bytes' ? 'base64' : ''),
    autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
    maxlength: scalarRules(rules).max_len,
  });
  return {
    node: element('div', {class: 'control'}, input),
    input,
    read() {
      const text = input.value;
      if (text === '') {
        // Without presence, empty is a value, and the rules apply to it.
        const problem = field.optional || field.type === 'message' || isNumber(type) ? null :
          checkScalar('', type, field);
        return {problem};
      }
      return {value: scalarValue(text, type), problem: checkScalar(text, type, field)};
    },
    write: (text) => (input.value = text),
  };
}

// Returns a number if JSON can represent it exactly, else a string, as in
// ProtoJSON.
function scalarValue(text, type) {
  if (!isNumber(type)) return text;
  const number = Number(text);
  const exact = Number.isFinite(number) && (!isInteger(type) || Number.isSafeInteger(number));
  return exact && text.trim() !== '' ? number : text;
}

function choiceControl(choices, valueOf = (text) => text) {
  const input = element('select', {},
    element('option', {value: ''}, '—'),
    ...choices.map((each) => element('option', {value: String(each)}, String(each))));
  return {
    node: element('div', {class: 'control'}, input),
    input,
    read: () => ({value: input.value === '' ? undefined : valueOf(input.value)}),
    write: (text) => (input.value = text),
  };
}

const enumControl = (schema, field) => choiceControl(schema.enums[field.type_name] ?? []);

function boolControl(field) {
  if (field.optional || field.oneof || field.type === 'message') {
    return choiceControl(['true', 'false'], (text) => text === 'true');
  }
  const input = element('input', {type: 'checkbox'});
  return {
    node: element('div', {class: 'control'}, input),
    input,
    read: () => ({value: input.checked ? true : undefined}),
    write: (text) => (input.checked = text === 'true'),
  };
}

function jsonControl(placeholder) {
  const input = element('textarea', {rows: '3', placeholder, spellcheck: 'false'});
  return {
    node: element('div', {class: 'control'}, input),
    input,
    read() {
      if (input.value.trim() === '') return {};
      try {
        return {value: JSON.parse(input.value)};
      } catch (error) {
        return {problem: `is not JSON: ${error.message}`};
      }
    },
  };
}

// A nested message, which may be unset.
function messageControl(schema, field, depth) {
  if (depth >= kMaxDepth) return jsonControl('{}');
  const node = element('div', {class: 'control'});
  const set = element('button', {type: 'button', class: 'small', onclick: () => open()}, `Set ${field.name}`);
  let form = null;
  function open() {
    form = new MessageForm(schema, field.type_name, {depth: depth + 1});
    node.replaceChildren(
      element('div', {class: 'nested'}, form.node),
      element('button', {type: 'button', class: 'small', onclick: close}, 'Remove'));
  }
  function close() {
    form = null;
    node.replaceChildren(set);
    set.focus();
  }
  node.append(set);
  return {node, read: () => (form === null ? {} : form.read())};
}

// A list of items with buttons to add and remove them.
function items(node, addText, makeItem) {
  const all = [];
  const add = element('button', {type: 'button', class: 'small', onclick: () => append(true)}, addText);
  function append(focus) {
    const item = makeItem();
    const row = element('div', {class: 'item'}, ...item.nodes, element('button', {
      type: 'button', class: 'plain', 'aria-label': 'Remove', onclick: () => {
        all.splice(all.indexOf(item), 1);
        row.remove();
        add.focus();
        node.dispatchEvent(new Event('input', {bubbles: true}));
      },
    }, '×'));
    all.push(item);
    add.before(row);
    if (focus) row.querySelector('input, select, textarea, button')?.focus();
    return item;
  }
  node.append(add);
  return {all, append};
}

function listControl(schema, field, depth) {
  const node = element('div', {class: 'control'});
  const single = {
    ...field, repeated: undefined, optional: undefined,
    rules: field.rules?.repeated?.items, prefix: 'repeated.items.',
  };
  const {all, append} = items(node, `Add to ${field.name}`, () => {
    const control = singleControl(schema, single, depth);
    control.input?.setAttribute('aria-label', field.name);
    return {control, nodes: [control.node]};
  });
  if (Number(field.rules?.repeated?.min_items ?? 0) > 0) append(false);
  return {
    node,
    read() {
      let wrong = 0;
      const value = [];
      let problem = null;
      for (const {control} of all) {
        const found = control.read();
        wrong += found.wrong ?? 0;
        problem ??= found.problem ?? null;
        // Ignore empty rows.
        if (found.value !== undefined) value.push(found.value);
      }
      problem = checkCount(value.length, field) ?? (value.length ? problem : null);
      return {value: value.length === 0 ? undefined : value, problem, wrong};
    },
  };
}

function mapControl(schema, field, depth) {
  const node = element('div', {class: 'control'});
  const ofValue = {...field, map: undefined, rules: field.rules?.map?.values, prefix: 'map.values.'};
  const ofKey = {rules: field.rules?.map?.keys, texts: field.texts, prefix: 'map.keys.'};
  const {all} = items(node, `Add to ${field.name}`, () => {
    const key = textControl(ofKey, field.map, 'key');
    const value = singleControl(schema, ofValue, depth);
    key.input?.setAttribute('aria-label', `Key in ${field.name}`);
    value.input?.setAttribute('aria-label', `Value in ${field.name}`);
    return {key, value, nodes: [key.node, value.node]};
  });
  return {
    node,
    read() {
      let wrong = 0;
      let problem = null;
      const value = {};
      for (const {key, value: control} of all) {
        const name = key.input.value;
        const found = control.read();
        wrong += found.wrong ?? 0;
        problem ??= found.problem ?? (name in value ? `has ${name} twice` : null);
        value[name] = found.value ?? (control.input?.type === 'checkbox' ? false : '');
      }
      problem = checkCount(all.length, field) ?? problem;
      return {value: all.length === 0 ? undefined : value, problem, wrong};
    },
  };
}
