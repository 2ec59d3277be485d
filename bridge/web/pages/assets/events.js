// The table of events: newest first, bounded, and drawn at most once per frame.

import {byId, bytes, clock, download, element, setText} from './dom.js';

const kKept = 2000;       // events
const kShown = 400;       // rows
const kHeldWhilePaused = kKept;

const stamp = (date) => `${clock(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;

function pretty(data) {
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}

export class EventTable {
  #rows = byId('rows');
  #kept = [];     // oldest first
  #new = [];      // not drawn yet
  #paused = false;
  #filter = '';
  #scheduled = false;
  #count = 0;
  #size = 0;
  #since = 0;
  #onFilter;
  names = new Set();

  // `onFilter` is called when the filter changes, `fileName` names an exported file.
  constructor({onFilter, fileName}) {
    this.#onFilter = onFilter;
    byId('export').addEventListener('click', () => this.#export(fileName()));
    byId('pause').addEventListener('click', () => {
      this.#paused = !this.#paused;
      byId('pause').setAttribute('aria-pressed', String(this.#paused));
      this.#schedule();
    });
    byId('clear').addEventListener('click', () => this.clear());
    byId('filter').addEventListener('input', () => {
      this.#applyFilter();
      this.#onFilter();
    });
  }

  get filter() {
    return byId('filter').value;
  }

  set filter(text) {
    byId('filter').value = text;
    this.#applyFilter();
  }

  #applyFilter() {
    this.#filter = this.filter.toLowerCase();
    this.#redraw();
  }

  // {name, id, data, size}, or {comment}.
  add(event) {
    event.time = new Date();
    if (event.comment === undefined) {
      if (this.#count === 0) this.#since = performance.now();
      ++this.#count;
      this.#size += event.size;
      if (event.name !== 'grpc-status') this.names.add(event.name);
    }
    this.#new.push(event);
    if (this.#new.length > kHeldWhilePaused) this.#new.shift();
    this.#schedule();
  }

  clear() {
    this.#kept = [];
    this.#new = [];
    this.#count = 0;
    this.#size = 0;
    this.names.clear();
    this.#redraw();
    this.#schedule();
  }

  // Shows the statistics of the stream.
  facts(stream) {
    const seconds = (performance.now() - this.#since) / 1000;
    const rate = this.#count > 1 && seconds > 1 ? `, ${(this.#count / seconds).toFixed(1)}/s` : '';
    return `${this.#count} events, ${bytes(this.#size)}${rate} · ${stream.reconnects} reconnects · ` +
      `last event id: ${stream.lastEventId || 'none'}`;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Use a timer too: a page in the background gets no frames.
    setTimeout(() => requestAnimationFrame(() => this.#draw()), 30);
  }

  #draw() {
    this.#scheduled = false;
    setText(byId('pause'), !this.#paused ? 'Pause' : `Resume (${this.#new.length} new)`);
    if (this.#paused || this.#new.length === 0) return;
    const fresh = this.#new.splice(0);
    this.#kept.push(...fresh);
    this.#kept.splice(0, this.#kept.length - kKept);
    const rows = fresh.slice(-kShown).filter((e) => this.#matches(e)).map(row).reverse();
    byId('no-match')?.remove();
    this.#rows.prepend(...rows);
    while (this.#rows.childElementCount > kShown) this.#rows.lastElementChild.remove();
    this.#tellIfNone();
  }

  #redraw() {
    this.#rows.replaceChildren(
      ...this.#kept.filter((e) => this.#matches(e)).slice(-kShown).map(row).reverse());
    this.#tellIfNone();
  }

  #tellIfNone() {
    byId('export').disabled = this.#kept.length + this.#new.length === 0;
    if (this.#rows.childElementCount > 0) return;
    this.#rows.append(element('tr', {class: 'none', id: 'no-match'}, element('td', {colspan: '5'},
      this.#kept.length > 0 ? 'No event matches the filter.' : 'No event yet.')));
  }

  // Saves the events that match the filter, oldest first, one JSON object per line.
  #export(fileName) {
    const lines = [...this.#kept, ...this.#new]
      .filter((event) => event.comment === undefined && this.#matches(event))
      .map(({time, name, id, data}) => {
        let value = data;
        try {
          value = JSON.parse(data);
        } catch {
          // Not JSON: the text itself.
        }
        return `${JSON.stringify({time: time.toISOString(), event: name, id: id ?? '', data: value})}\n`;
      });
    download(fileName, 'application/x-ndjson', lines.join(''));
  }

  #matches({name = '', id = '', data = '', comment = ''}) {
    return this.#filter === '' ||
      `${name}\n${id}\n${data}\n${comment}`.toLowerCase().includes(this.#filter);
  }
}

function row({time, name, id, data, size, comment}) {
  if (comment !== undefined) {
    return element('tr', {class: 'comment'},
      element('td', {}, stamp(time)), element('td', {colspan: '4'}, `: ${comment}`));
  }
  const button = element('button', {type: 'button', 'aria-expanded': 'false'}, data);
  const line = element('tr', {class: name === 'grpc-status' ? 'status' : ''},
    element('td', {}, stamp(time)), element('td', {title: name}, name),
    element('td', {title: id ?? ''}, id ?? ''), element('td', {}, bytes(size)),
    element('td', {}, button));
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    if (open) return line.nextElementSibling?.remove();
    const whole = element('pre', {tabindex: '0'}, `${id ? `id: ${id}\n` : ''}${bytes(size)}\n${pretty(data)}`);
    line.after(element('tr', {class: 'whole'}, element('td', {colspan: '5'}, whole)));
  });
  return line;
}
