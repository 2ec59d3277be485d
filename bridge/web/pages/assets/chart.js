// A line chart over time (uPlot) that fills its place and breaks where samples are
// missing.

import {clock, element} from './dom.js';

// Samples arrive every second. A longer pause is a gap.
const kGapS = 3;
const kMinHeight = 130;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Inserts an empty sample into each gap, so that no line crosses it.
export function withGaps(times, columns) {
  const out = [[], ...columns.map(() => [])];
  times.forEach((time, i) => {
    if (i > 0 && time - times[i - 1] > kGapS) {
      out[0].push(times[i - 1] + 1);
      columns.forEach((_, c) => out[c + 1].push(null));
    }
    out[0].push(time);
    columns.forEach((column, c) => out[c + 1].push(column[i]));
  });
  return out;
}

export class Chart {
  #plot = null;
  #data = null;
  #until = 0;
  #place = element('div', {class: 'plot', 'aria-hidden': 'true'});

  // `series` are [field, label], `most` the least upper end of the scale.
  constructor({title, series, most, scale = 1}) {
    this.series = series;
    this.most = most;
    this.scale = scale;
    const keys = series.length < 2 ? [] : series.map(([, label], i) =>
      element('span', {class: `key ${i ? 'second' : 'first'}`}, label));
    this.node = element('div', {class: 'chart'},
      element('h3', {}, title, ...keys), this.#place);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
  }

  // Draws samples up to `until` (seconds), or to the last one if that is later.
  draw(samples, until = 0) {
    this.#data = withGaps(
      samples.map((sample) => Date.parse(sample.timestamp) / 1000),
      this.series.map(([field]) => samples.map((sample) => sample[field] * this.scale)));
    this.#until = until;
    this.node.dataset.gaps = String(this.#data[0].length - samples.length);
    if (this.#plot === null) this.#create();
    else this.#plot.setData(this.#data);
  }

  clear() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  // A plot's colours are fixed, so another colour scheme needs a new plot.
  recolor() {
    if (this.#plot === null) return;
    this.clear();
    this.#create();
  }

  #size() {
    return {
      width: this.#place.clientWidth || 300,
      height: Math.max(this.#place.clientHeight, kMinHeight),
    };
  }

  #range() {
    const times = this.#data[0];
    return [times[0], Math.max(times.at(-1), this.#until, times[0] + 10)];
  }

  #create() {
    const axis = {
      stroke: color('--muted'),
      grid: {stroke: color('--line'), width: 1},
      ticks: {show: false},
      font: `11px ${color('--sans')}`,
    };
    this.#plot = new window.uPlot({
      ...this.#size(),
      legend: {show: false},
      cursor: {y: false, sync: {key: 'metrics'}},
      scales: {
        x: {range: () => this.#range()},
        y: {range: (_, __, top) => [0, Math.max(this.most, top * 1.15)]},
      },
      axes: [
        {...axis, grid: {show: false}, space: 70, size: 26,
          values: (_, ticks) => ticks.map((t) => clock(new Date(t * 1000)))},
        {...axis, size: 40, space: 34},
      ],
      series: [{}, ...this.series.map(([, label], i) => ({
        label,
        stroke: color(i ? '--good' : '--accent'),
        fill: i || this.series.length > 1 ? undefined : `${color('--accent')}22`,
        width: 2,
        // A line needs two points.
        points: {show: () => this.#data[0].length < 3},
      }))],
    }, this.#data, this.#place);
  }
}
