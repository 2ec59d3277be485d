// Helpers with which both pages build elements.

// element('p', {class: 'muted', onclick: f, hidden: true}, 'text', child, ...)
// Properties that start with "on" are listeners. true and false set and remove an
// attribute. Text is never parsed as HTML.
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) {
      node.addEventListener(key.slice(2), value);
    } else if (value === true) {
      node.setAttribute(key, '');
    } else if (value !== false && value !== undefined && value !== null) {
      node.setAttribute(key, value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

// Sets a node's text only if it changes, so that screen readers and the layout
// are not disturbed.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A label above its control.
let lastId = 0;
export function labelled(text, control, hint) {
  control.id ||= `control-${++lastId}`;
  const label = element('label', {for: control.id}, text);
  return element('div', {class: 'field'}, label, control, hint);
}

export const clock = (date) => date.toLocaleTimeString([], {hour12: false});

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

// Works without the clipboard API too, which pages get only over HTTPS or from
// this machine.
function copyBySelection(text) {
  const area = element('textarea', {readonly: true, class: 'visually-hidden', 'aria-hidden': 'true'});
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

export async function copy(text, button) {
  const before = button.textContent;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyBySelection(text);
    button.focus();
  }
  button.textContent = done ? 'Copied' : 'Not allowed';
  setTimeout(() => (button.textContent = before), 1200);
}

// Saves a text as a file of the visitor's.
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  element('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
