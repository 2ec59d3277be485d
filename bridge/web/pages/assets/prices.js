// Prices with sparklines.

import {element, byId, setText} from './dom.js';

const kPoints = 60;
const kMaxSymbols = 10;
const kWidth = 120;
const kHeight = 30;
const kSvg = 'http://www.w3.org/2000/svg';

function svg(name, attributes) {
  const node = document.createElementNS(kSvg, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

class Row {
  #points = [];  // null where updates are missing
  #line = svg('path', {});
  #spark = svg('svg', {
    class: 'spark', viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  #price = element('span', {class: 'price'}, 'no price yet');
  #change = element('span', {class: 'change', title: 'since the beginning of the line'});

  constructor(symbol, onRemove) {
    this.#spark.append(this.#line);
    this.remove = element('button', {
      class: 'plain', type: 'button', 'aria-label': `Stop following ${symbol}`, onclick: onRemove,
    }, '×');
    this.node = element('li', {class: 'waiting', 'data-symbol': symbol},
      element('span', {class: 'symbol'}, symbol), this.#spark, this.#price, this.#change, this.remove);
  }

  show(update) {
    this.node.classList.remove('waiting');
    setText(this.#price, update.price.toLocaleString(undefined,
      {minimumFractionDigits: 2, maximumFractionDigits: 2}));
    this.#push(update.price);
    // What the line shows, so that the arrow, its colour and the line agree.
    const change = update.price - this.#points.find((point) => point !== null);
    const course = change > 0 ? 'up' : change < 0 ? 'down' : 'same';
    setText(this.#change, `${{up: '▲', down: '▼', same: '='}[course]} ${Math.abs(change).toFixed(2)}`);
    this.#change.className = `change ${course}`;
    this.#spark.setAttribute('class', `spark ${course}`);
  }

  // Updates may be missing after this.
  interrupt() {
    if (typeof this.#points.at(-1) === 'number') this.#push(null);
  }

  #push(point) {
    this.#points.push(point);
    if (this.#points.length > kPoints) this.#points.shift();
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    const known = points.filter((p) => p !== null);
    const low = Math.min(...known);
    const range = Math.max(...known) - low || 1;
    const step = kWidth / Math.max(points.length - 1, 1);
    let pen = 'M';
    let line = '';
    points.forEach((point, i) => {
      if (point !== null) {
        const y = kHeight - 3 - ((point - low) / range) * (kHeight - 6);
        line += `${pen}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
      }
      pen = point === null ? 'M' : 'L';
    });
    this.#line.setAttribute('d', line);
  }
}

// `onChange` is called when the followed symbols change.
export function mountPrices({onChange}) {
  const list = byId('price-list');
  const error = byId('prices-error');
  const rows = new Map();

  function showRemovable() {
    for (const row of rows.values()) row.remove.disabled = rows.size === 1;
  }

  function add(symbol) {
    const row = new Row(symbol, () => {
      rows.delete(symbol);
      row.node.remove();
      showRemovable();
      byId('symbol').focus();
      onChange();
    });
    rows.set(symbol, row);
    list.append(row.node);
    showRemovable();
  }
  for (const symbol of ['AAPL', 'AMZN', 'GOOG', 'MSFT', 'NVDA']) add(symbol);

  byId('add-symbol').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = byId('symbol');
    const symbol = input.value.trim().toUpperCase();
    const full = rows.size >= kMaxSymbols;
    error.hidden = !full;
    setText(error, full ? `At most ${kMaxSymbols} symbols are followed at once.` : '');
    if (symbol === '' || full) return;
    input.value = '';
    if (rows.has(symbol)) return;
    add(symbol);
    onChange();
  });

  return {
    target: () =>
      `/prices/stream?${[...rows.keys()].map((s) => `symbols=${encodeURIComponent(s)}`).join('&')}`,
    receive: (update) => rows.get(update.symbol)?.show(update),
    stale(stale) {
      if (stale !== null) for (const row of rows.values()) row.interrupt();
    },
  };
}
