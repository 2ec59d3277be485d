// Renders the comments of .proto files, which are Markdown by custom: paragraphs,
// lists, code, links and emphasis. Builds elements; text is never parsed as HTML.

import {element} from './dom.js';

// In this order: `code`, [text](https://...), [text][package.Type], **strong**, _em_,
// and bare addresses.
const kInline = new RegExp([
  /`([^`]+)`/,
  /\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/,
  /\[`?([^\]`]+)`?\]\[[\w.]*\]/,
  /\*\*([^*]+)\*\*/,
  /(?<![\w])_([^_]+)_(?![\w])/,
  /(https?:\/\/[^\s<>"')]*[^\s<>"').,;:])/,
].map((each) => each.source).join('|'), 'g');

const link = (text, href) => element('a', {href, rel: 'noopener noreferrer'}, text);

function inline(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(kInline)) {
    const [, code, label, address, type, strong, emphasis, bare] = found;
    nodes.push(text.slice(at, found.index));
    at = found.index + found[0].length;
    nodes.push(
      code ?? type ? element('code', {}, code ?? type) :
        label ? link(label, address) :
          strong ? element('strong', {}, strong) :
            emphasis ? element('em', {}, emphasis) : link(bare, bare));
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== '');
}

const kItem = /^\s*(?:[-*+]|\d+[.)])\s+/;

function list(lines) {
  const items = [];
  for (const line of lines) {
    if (kItem.test(line)) items.push(line.replace(kItem, ''));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return element(/^\s*\d/.test(lines[0]) ? 'ol' : 'ul', {},
    ...items.map((item) => element('li', {}, ...inline(item))));
}

// Text before the first item of a list is a paragraph of its own.
function block(lines) {
  if (lines.every((line) => /^(\t| {4})/.test(line))) {
    return [element('pre', {tabindex: '0'}, lines.map((line) => line.replace(/^(\t| {4})/, '')).join('\n'))];
  }
  const first = lines.findIndex((line) => kItem.test(line));
  const paragraph = first < 0 ? lines : lines.slice(0, first);
  const text = paragraph.map((line) => line.trim()).join(' ').replace(/^#+\s+/, '');
  return [
    ...(text === '' ? [] : [element('p', {}, ...inline(text))]),
    ...(first < 0 ? [] : [list(lines.slice(first))]),
  ];
}

// Returns the elements of a comment.
export function renderComment(comment) {
  const nodes = [];
  let lines = [];
  let fence = null;  // lines of a block between ``` and ```
  const flush = () => {
    if (lines.length > 0) nodes.push(...block(lines));
    lines = [];
  };
  // protoc keeps the space after `//`.
  const all = comment.split('\n');
  const indent = all.slice(1).filter((line) => line.trim() !== '').every((line) => line.startsWith(' ')) ? 1 : 0;
  for (const [i, raw] of all.entries()) {
    const line = i === 0 ? raw : raw.slice(raw.startsWith(' ') ? indent : 0);
    if (/^\s*```/.test(line)) {
      if (fence === null) {
        flush();
        fence = [];
      } else {
        nodes.push(element('pre', {tabindex: '0'}, fence.join('\n')));
        fence = null;
      }
    } else if (fence !== null) {
      fence.push(line);
    } else if (line.trim() === '') {
      flush();
    } else {
      lines.push(line);
    }
  }
  if (fence !== null) nodes.push(element('pre', {tabindex: '0'}, fence.join('\n')));
  flush();
  return nodes;
}
