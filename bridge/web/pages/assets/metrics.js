// The backends' metrics: figures and charts of the last two minutes.

import {byId, clock, element, setText} from './dom.js';

const kPoints = 120;
const kHeight = 150;

const percent = (value) => `${(value * 100).toFixed(value < 0.1 && value > 0 ? 1 : 0)} %`;
const kFigures = {
  active_users: (value) => String(value),
  requests_per_sec: (value) => value.toFixed(1),
  error_rate: percent,
  avg_latency_ms: (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`,
  cpu_usage: percent,
  memory_usage: percent,
};

const kCharts = [
  {title: 'Requests per second', series: [['requests_per_sec', 'requests']], most: 1},
  {title: 'Mean latency, ms', series: [['avg_latency_ms', 'latency']], most: 1},
  {title: 'Load, %', series: [['cpu_usage', 'CPU'], ['memory_usage', 'memory']], most: 100, scale: 100},
];

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

class Chart {
  #plot = null;
  #place = element('div', {class: 'plot', 'aria-hidden': 'true'});

  constructor({title, series, most}) {
    this.series = series;
    this.most = most;
    const keys = series.length < 2 ? [] : series.map(([, label], i) =>
      element('span', {class: `key ${i ? 'second' : 'first'}`}, label));
    this.node = element('div', {class: 'chart'},
      element('h3', {}, title, ...keys), this.#place);
    new ResizeObserver(() => {
      this.#plot?.setSize({width: this.#place.clientWidth, height: kHeight});
    }).observe(this.#place);
  }

  draw(data) {
    if (this.#plot === null) this.#create(data);
    else this.#plot.setData(data);
  }

  // A plot's colours are fixed, so another colour scheme needs a new plot.
  recolor() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #create(data) {
    const axis = {
      stroke: color('--muted'),
      grid: {stroke: color('--line'), width: 1},
      ticks: {show: false},
      font: `11px ${color('--sans')}`,
    };
    this.#plot = new window.uPlot({
      width: this.#place.clientWidth || 300,
      height: kHeight,
      legend: {show: false},
      cursor: {y: false, sync: {key: 'metrics'}},
      scales: {y: {range: (_, __, top) => [0, Math.max(this.most, top * 1.15)]}},
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
        points: {show: false},
      }))],
    }, data, this.#place);
  }
}

export function mountMetrics() {
  const figures = new Map(
    [...document.querySelectorAll('[data-figure]')].map((node) => [node.dataset.figure, node]));
  const charts = kCharts.map((each) => new Chart(each));
  byId('charts').append(...charts.map((chart) => chart.node));
  const samples = [];

  function draw() {
    const times = samples.map((sample) => Date.parse(sample.timestamp) / 1000);
    charts.forEach((chart, i) => chart.draw([
      times,
      ...chart.series.map(([field]) =>
        samples.map((sample) => sample[field] * (kCharts[i].scale ?? 1))),
    ]));
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts) chart.recolor();
    if (samples.length > 0) draw();
  });

  return {
    target: () => '/admin/metrics/stream',
    receive({name, data}) {
      const sample = JSON.parse(data);
      // The bridge's own events are not samples.
      if (name === 'upstream' || name === 'unreadable') return;
      if (samples.length > 0 && samples[samples.length - 1].timestamp >= sample.timestamp) return;
      samples.push(sample);
      if (samples.length > kPoints) samples.shift();
      for (const [field, node] of figures) setText(node, kFigures[field](sample[field]));
      setText(byId('metrics-time'), `as of ${clock(new Date(sample.timestamp))}`);
      draw();
    },
  };
}
