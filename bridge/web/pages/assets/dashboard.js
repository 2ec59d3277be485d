// The live dashboard: decides from the schema and the token which panels there are,
// opens their streams and passes their events to them.

import {mountAccessCard} from './access_card.js';
import {ApiError, readSchema} from './api.js';
import {mountChannel} from './channel.js';
import {byId, clock, element, setText} from './dom.js';
import {Live} from './live.js';
import {mountMetrics} from './metrics.js';
import {mountNotifications} from './notifications.js';
import {mountPrices} from './prices.js';
import {mountTask} from './task.js';
import {missing, onTokenChange} from './token.js';
import {mountTokenBox, showTrouble} from './token_box.js';

const kService = 'realtime.v1.';

// The panels: by the id of their element, the name of their stream on `/events` and
// its method.
const kPanels = {
  prices: {part: 'price', method: 'StreamPrices', title: 'Prices', about: 'quotes as they change'},
  channel: {part: 'channel', method: 'StreamChannel', title: 'Channel', about: 'a chat with presence'},
  notifications: {part: 'notification', method: 'StreamNotifications', title: 'Notifications', about: 'yours, as they arrive'},
  task: {part: 'progress', method: 'StreamProgress', title: 'Task', about: 'progress of a long job'},
  metrics: {part: 'metrics', method: 'StreamMetrics', title: 'Metrics', about: 'load of the backends'},
};

// The methods of the five services in the loaded schema, by name.
function methodsOf(schema) {
  const methods = new Map();
  for (const service of schema.services) {
    if (!service.name.startsWith(kService)) continue;
    for (const method of service.methods) methods.set(method.name, method);
  }
  return methods;
}

// Marks a panel whose data is old. Not by opacity: its text must stay legible.
function markStale(panel, stale) {
  const section = byId(panel);
  section.classList.toggle('stale', stale !== null);
  let mark = section.querySelector('.stale-mark');
  if (mark === null) {
    mark = element('span', {class: 'badge warn stale-mark'});
    section.querySelector('h2').after(mark);
  }
  mark.hidden = stale === null;
  if (stale !== null) setText(mark, `${stale.why} since ${clock(stale.since)}`);
}

// Disables what the token does not allow, and says why.
function allow(panel, methods, needed, controls) {
  const reasons = needed.map((name) => (methods.has(name) ? missing(methods.get(name).access) : 'Is not served.'));
  const reason = reasons.find((each) => each !== null) ?? null;
  for (const control of controls) {
    control.disabled = reason !== null;
    control.title = reason ?? '';
  }
  const note = byId(panel).querySelector('[data-denied]');
  note.hidden = reason === null;
  setText(note, reason ?? '');
  return reason === null;
}

// Fills the rows of a wide page: metrics and, if the number of panels asks for it,
// prices take two columns.
function arrange() {
  const panels = byId('panels');
  const shown = [...panels.children].filter((panel) => !panel.hidden && panel.id !== 'try');
  const units = shown.reduce((sum, panel) => sum + (panel.id === 'metrics' ? 2 : 1), 0);
  byId('prices').classList.toggle('wide', units % 3 === 2);
  panels.dataset.columns = units % 3 === 1 ? '2' : '3';
}

function showDocuments(schema) {
  setText(byId('version'), schema.version ? `version ${schema.version}` : '');
}

async function start() {
  const openBox = mountTokenBox(byId('top'));
  const trouble = byId('trouble');
  const schema = await readSchema((why, isToken) => showTrouble(trouble, why, isToken, openBox));
  if (schema === null) return;
  trouble.hidden = true;
  const methods = methodsOf(schema);
  if (methods.size === 0) {
    // Another schema: the explorer shows any schema.
    location.replace('explorer');
    return;
  }
  showDocuments(schema);
  const showAccess = mountAccessCard(openBox);

  let open = () => {};
  const panels = {
    prices: mountPrices({onChange: () => open()}),
    channel: mountChannel({onChange: () => open('channel')}),
    notifications: mountNotifications(),
    task: mountTask({onChange: () => open('progress')}),
    metrics: mountMetrics(),
  };
  const receivers = {};
  for (const [id, {part, title, about}] of Object.entries(kPanels)) {
    receivers[part] = {
      ...panels[id],
      stale(stale) {
        markStale(id, stale);
        panels[id].stale?.(stale);
      },
      ended(error) {
        // The claims promised access, but the bridge knows better.
        if (error instanceof ApiError && error.httpStatus === 403) {
          refused.set(id, {title, about, reason: error.message});
          return admit();
        }
        panels[id].ended?.(error);
      },
    };
  }
  const live = new Live(byId('connection'), receivers);
  const refused = new Map();  // panels that the bridge refuses to this token

  function admit() {
    const locked = [];
    for (const [id, {method, title, about}] of Object.entries(kPanels)) {
      const reason = methods.has(method) ? missing(methods.get(method).access) : null;
      byId(id).hidden = !methods.has(method) || reason !== null || refused.has(id);
      if (refused.has(id)) locked.push(refused.get(id));
      else if (reason !== null) locked.push({title, about, reason});
    }
    allow('notifications', methods, ['CreateNotification'],
      byId('notify').querySelectorAll('input, button'));
    panels.notifications.mayMark(
      methods.has('MarkRead') ? missing(methods.get('MarkRead').access) : 'Is not served.');
    allow('task', methods, ['CreateTask', 'UpdateTask'], [byId('start-task')]);
    showAccess(locked);
    arrange();
  }

  open = (again) => {
    const targets = {};
    for (const [id, {part}] of Object.entries(kPanels)) {
      const target = byId(id).hidden ? '' : panels[id].target();
      if (target !== '') targets[part] = target;
    }
    live.set(targets);
    if (again !== undefined) live.again(again);
  };

  function openAll() {
    live.close();
    refused.clear();
    for (const panel of Object.values(panels)) panel.clear?.();
    admit();
    byId('panels').hidden = false;
    open();
  }
  onTokenChange(openAll);
  openAll();
}

start();
