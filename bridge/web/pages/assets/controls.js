// The controls of a form. Each is {node, input, read(), write(value)}: `read` returns
// {value, problem, wrong}, where an undefined value means that the field is omitted;
// `write` sets a value of the JSON request. `input` is absent if there are several.

import {element} from './dom.js';
import {checkCount, checkScalar, isInteger, isNumber, scalarRules} from './rules.js';
import {kJsonTypes, kTextTypes, wrapped} from './types.js';

// Maximum nesting of messages. The user opens each level, so recursive types are
// harmless.
const kMaxDepth = 12;

// `context` is {schema, depth, hint, makeForm(typeName)}. `hint` is the placeholder
// of a text.
export function controlFor(context, field) {
  if (field.map) return mapControl(context, field);
  if (field.repeated) return listControl(context, field);
  return singleControl(context, field);
}

function singleControl(context, field) {
  if (field.type === 'enum') return choiceControl(context.schema.enums[field.type_name] ?? []);
  const type = wrapped(field) ?? field.type;
  if (type === 'bool') return boolControl(field);
  if (type === 'message' || type === 'group') {
    if (field.type_name in kTextTypes) return textControl(field, 'string', kTextTypes[field.type_name]);
    if (field.type_name in kJsonTypes) return jsonControl(kJsonTypes[field.type_name]);
    return messageControl(context, field);
  }
  return textControl(field, type, context.hint);
}

const asText = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

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
    write: (value) => (input.value = asText(value)),
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
    write: (value) => (input.value = asText(value)),
  };
}

function boolControl(field) {
  if (field.optional || field.oneof || field.type === 'message') {
    return choiceControl(['true', 'false'], (text) => text === 'true');
  }
  const input = element('input', {type: 'checkbox'});
  return {
    // The label is a larger target than the box.
    node: element('div', {class: 'control'}, element('label', {class: 'check'}, input, 'true')),
    input,
    read: () => ({value: input.checked ? true : undefined}),
    write: (value) => (input.checked = value === true),
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
    write: (value) => (input.value = JSON.stringify(value, null, 2)),
  };
}

// A nested message, which may be unset.
function messageControl(context, field) {
  if (context.depth >= kMaxDepth) return jsonControl('{}');
  const node = element('div', {class: 'control'});
  const set = element('button', {type: 'button', class: 'small', onclick: () => open()}, `Set ${field.name}`);
  const changed = () => node.dispatchEvent(new Event('input', {bubbles: true}));
  let form = null;
  function open() {
    form = context.makeForm(field.type_name);
    node.replaceChildren(
      element('div', {class: 'nested'}, form.node),
      element('button', {type: 'button', class: 'small', onclick: close}, `Remove ${field.name}`));
    changed();
  }
  function close() {
    form = null;
    node.replaceChildren(set);
    set.focus();
    changed();
  }
  node.append(set);
  return {
    node,
    read: () => (form === null ? {} : form.read()),
    write(value) {
      open();
      form.write(value);
    },
    open,
  };
}

// A list of items with buttons to add and remove them.
function items(node, addText, makeItem) {
  const all = [];
  const changed = () => node.dispatchEvent(new Event('input', {bubbles: true}));
  const add = element('button', {type: 'button', class: 'small', onclick: () => append(true)}, addText);
  function append(focus) {
    const item = makeItem();
    item.row = element('div', {class: 'item'}, ...item.nodes, element('button', {
      type: 'button', class: 'plain', 'aria-label': 'Remove', onclick: () => {
        all.splice(all.indexOf(item), 1);
        item.row.remove();
        add.focus();
        changed();
      },
    }, '×'));
    all.push(item);
    add.before(item.row);
    if (focus) {
      item.row.querySelector('input, select, textarea, button')?.focus();
      changed();
    }
    return item;
  }
  function clear() {
    for (const {row} of all.splice(0)) row.remove();
  }
  node.append(add);
  return {all, append, clear};
}

function listControl(context, field) {
  const node = element('div', {class: 'control'});
  const single = {
    ...field, repeated: undefined, optional: undefined,
    rules: field.rules?.repeated?.items, prefix: 'repeated.items.',
  };
  const {all, append, clear} = items(node, `Add to ${field.name}`, () => {
    const control = singleControl(context, single);
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
    write(values) {
      clear();
      for (const each of Array.isArray(values) ? values : [values]) append(false).control.write(each);
    },
  };
}

function mapControl(context, field) {
  const node = element('div', {class: 'control'});
  const ofValue = {...field, map: undefined, rules: field.rules?.map?.values, prefix: 'map.values.'};
  const ofKey = {rules: field.rules?.map?.keys, texts: field.texts, prefix: 'map.keys.'};
  const {all, append, clear} = items(node, `Add to ${field.name}`, () => {
    const key = textControl(ofKey, field.map, 'key');
    const value = singleControl(context, ofValue);
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
    write(values) {
      clear();
      for (const [name, each] of Object.entries(values ?? {})) {
        const {key, value} = append(false);
        key.write(name);
        value.write(each);
      }
    },
  };
}
