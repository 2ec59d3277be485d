// The live dashboard: opens the streams and passes their events to the panels.
//
// A browser opens at most six HTTP/1.1 connections per host, so prices, the
// channel and metrics share one (`/events`). Notifications have their own, because
// the names of their events matter. A watched task has one while it runs.

import {ApiError, readSchema} from './api.js';
import {mountChannel} from './channel.js';
import {Connections} from './connections.js';
import {byId} from './dom.js';
import {mountMetrics} from './metrics.js';
import {mountNotifications} from './notifications.js';
import {mountPrices} from './prices.js';
import {mountTask} from './task.js';
import {isTransient} from './stream.js';
import {getToken, missing, mountTokenBox, onTokenChange} from './token.js';

const kService = 'realtime.v1.';

// The event names used on `/events` (`bundle` in the schema).
const kParts = ['price', 'channel', 'metrics'];

// Delay before all streams are reopened after one of them has ended.
const kReopenMs = 5000;

// The methods of the five services in the loaded schema, by name. Null if the
// schema is not available.
async function loadMethods(tell) {
  const schema = await readSchema(tell);
  if (schema === null) return null;
  const methods = new Map();
  for (const service of schema.services) {
    if (!service.name.startsWith(kService)) continue;
    for (const method of service.methods) methods.set(method.name, method);
  }
  return methods;
}

// Shows or hides a panel's content depending on the token. Returns true if shown.
function admit(panel, method) {
  const section = byId(panel);
  section.hidden = method === undefined;
  if (method === undefined) return false;
  const reason = missing(method.access);
  const notice = section.querySelector('[data-notice]');
  const content = section.querySelector('[data-content]');
  if (notice !== null) {
    notice.hidden = reason === null;
    notice.textContent = reason ?? '';
    content.hidden = reason !== null;
  }
  return reason === null;
}

async function start() {
  mountTokenBox(byId('top'));
  const connections = new Connections(byId('connections'));
  const methods = await loadMethods((why) => connections.tell(why));
  if (methods === null) {
    setTimeout(() => location.reload(), 3000);
    return;
  }
  if (methods.size === 0) {
    // Another schema: the explorer shows any schema.
    location.replace('explorer');
    return;
  }

  const prices = mountPrices({onChange: () => openShared()});
  const channel = mountChannel({onChange: () => openShared()});
  const metrics = mountMetrics();
  const notifications = mountNotifications();
  const task = mountTask(connections);
  const receivers = {price: prices, channel, metrics};

  // Keeps the resume points of the parts that have not changed.
  function resumeFrom(id, changed) {
    return id.split('&').filter((part) => !changed.includes(part.split('=')[0])).join('&');
  }

  let lastTargets = {};
  function openShared() {
    const targets = {};
    if (admit('prices', methods.get('StreamPrices'))) targets.price = prices.target();
    if (admit('channel', methods.get('StreamChannel'))) targets.channel = channel.target();
    if (admit('metrics', methods.get('StreamMetrics'))) targets.metrics = metrics.target();
    const names = kParts.filter((name) => targets[name] !== undefined);
    const changed = kParts.filter((name) => targets[name] !== lastTargets[name]);
    const before = connections.lastEventId('shared');
    lastTargets = targets;
    if (names.length === 0) return connections.close('shared');
    if (getToken() === '') {
      // Without a token only prices are available.
      connections.open('shared', `Live prices`, targets.price, {
        onEvent: (event) => prices.receive(event),
      });
      return;
    }
    const query = names.map((name) => `stream=${encodeURIComponent(`${name}:${targets[name]}`)}`);
    connections.open('shared', 'Live streams', `/events?${query.join('&')}`, {
      lastEventId: resumeFrom(before, changed),
      onEvent: (event) => {
        if (event.name === 'grpc-status') return partEnded(JSON.parse(event.data));
        // The channel's resume point is no longer known.
        if (event.name === 'reset') {
          return JSON.parse(event.data).stream === 'channel' && channel.joined();
        }
        receivers[event.name]?.receive(event);
      },
      onState: (stream) => {
        if (stream.state === 'open') channel.joined();
      },
    });
  }

  // One stream of the shared connection has ended. The others continue.
  function partEnded(status) {
    if (isTransient(status)) {
      const opened = getToken();
      setTimeout(() => opened === getToken() && openShared(), kReopenMs);
    } else if (status.stream === 'channel') {
      channel.ended(new ApiError(200, {error: status}));
    }
  }

  function openNotifications() {
    if (!admit('notifications', methods.get('StreamNotifications'))) {
      return connections.close('notifications');
    }
    connections.open('notifications', 'Notifications', '/notifications/stream', {
      onEvent: (event) => notifications.receive(event),
    });
  }

  function openAll() {
    connections.forget();
    lastTargets = {};
    for (const panel of [notifications, channel, task]) panel.reset();
    admit('task', methods.get('StreamProgress'));
    openShared();
    openNotifications();
  }
  onTokenChange(openAll);
  openAll();
}

start();
