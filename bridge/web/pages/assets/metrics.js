// The backends' metrics: figures and charts of the last two minutes.

import {Chart} from './chart.js';
import {byId, clock, setText} from './dom.js';

const kPoints = 120;

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

export function mountMetrics() {
  const figures = new Map(
    [...document.querySelectorAll('[data-figure]')].map((node) => [node.dataset.figure, node]));
  const charts = kCharts.map((each) => new Chart(each));
  byId('charts').append(...charts.map((chart) => chart.node));
  let samples = [];
  let growing;  // while samples are missing, the charts go on without a line

  const draw = (until) => {
    if (samples.length > 0) charts.forEach((chart) => chart.draw(samples, until));
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change',
    () => charts.forEach((chart) => chart.recolor()));

  function showEmpty() {
    byId('metrics').classList.toggle('waiting', samples.length === 0);
    byId('metrics-none').hidden = samples.length > 0;
    byId('metrics-time').hidden = samples.length === 0;
  }
  showEmpty();

  return {
    target: () => '/admin/metrics/stream',
    receive(sample) {
      // A snapshot repeats the last sample.
      if (samples.length > 0 && samples.at(-1).timestamp >= sample.timestamp) return;
      samples.push(sample);
      if (samples.length > kPoints) samples.shift();
      if (samples.length === 1) showEmpty();
      for (const [field, node] of figures) setText(node, kFigures[field](sample[field]));
      setText(byId('metrics-time'), `as of ${clock(new Date(sample.timestamp))}`);
      draw();
    },
    stale(stale) {
      clearInterval(growing);
      if (stale !== null) growing = setInterval(() => draw(Date.now() / 1000), 1000);
    },
    clear() {
      samples = [];
      charts.forEach((chart) => chart.clear());
      for (const node of figures.values()) setText(node, '–');
      showEmpty();
    },
  };
}
