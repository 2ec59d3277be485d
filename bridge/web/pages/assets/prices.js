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
  #points = [];
  #line = svg('path', {});
  #area = svg('path', {class: 'area'});
  #spark = svg('svg', {
    class: 'spark', viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  #price = element('span', {class: 'price'}, 'waiting');
  #change = element('span', {class: 'change'});

  constructor(symbol, onRemove) {
    this.#spark.append(this.#area, this.#line);
    this.node = element('li', {class: 'waiting', 'data-symbol': symbol},
      element('span', {class: 'symbol'}, symbol), this.#spark, this.#price, this.#change,
      element('button', {
        class: 'plain', type: 'button', 'aria-label': `Stop following ${symbol}`, onclick: onRemove,
      }, '×'));
  }

  show(update) {
    this.node.classList.remove('waiting');
    setText(this.#price, update.price.toLocaleString(undefined,
      {minimumFractionDigits: 2, maximumFractionDigits: 2}));
    const up = update.change >= 0;
    setText(this.#change, `${up ? '▲' : '▼'} ${Math.abs(update.change).toFixed(2)}`);
    this.#change.className = `change ${up ? 'up' : 'down'}`;
    this.#points.push(update.price);
    if (this.#points.length > kPoints) this.#points.shift();
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    const low = Math.min(...points);
    const range = Math.max(...points) - low || 1;
    const x = (i) => (points.length === 1 ? 0 : (i / (points.length - 1)) * kWidth);
    const y = (price) => kHeight - 3 - ((price - low) / range) * (kHeight - 6);
    const line = points.map((p, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(p).toFixed(1)}`).join('');
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', `${line}L${kWidth} ${kHeight}L0 ${kHeight}Z`);
    const up = points[points.length - 1] >= points[0];
    this.#spark.setAttribute('class', `spark ${up ? 'up' : 'down'}`);
  }
}

// `onChange` is called when the followed symbols change.
export function mountPrices({onChange}) {
  const list = byId('price-list');
  const error = byId('prices-error');
  const rows = new Map();

  function add(symbol) {
    const row = new Row(symbol, () => {
      if (rows.size === 1) return;
      rows.delete(symbol);
      row.node.remove();
      onChange();
    });
    rows.set(symbol, row);
    list.append(row.node);
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
    receive({name, data}) {
      if (name === 'grpc-status') return;
      const update = JSON.parse(data);
      rows.get(update.symbol)?.show(update);
    },
  };
}
