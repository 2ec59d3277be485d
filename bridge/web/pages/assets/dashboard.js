// The live dashboard: opens the streams and hands their events to the panels.
//
// A browser has six HTTP/1.1 connections for a host, so prices, the channel and
// metrics share one (`/events`); notifications have their own, because the name
// of their events matters; a watched task has one while it runs.

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

// The events of `/events` come under these names (`bundle` in the schema).
const kParts = ['price', 'channel', 'metrics'];

// How long after the end of one of them all are opened anew.
const kReopenMs = 5000;

// What the loaded schema says of the five services: methods by name. Null when
// it cannot be had.
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

// Shows or hides a panel's content by what the token allows; whether it does.
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
    // Somebody else's schema: the explorer shows any.
    location.replace('explorer');
    return;
  }

  const prices = mountPrices({onChange: () => openShared()});
  const channel = mountChannel({onChange: () => openShared()});
  const metrics = mountMetrics();
  const notifications = mountNotifications();
  const task = mountTask(connections);
  const receivers = {price: prices, channel, metrics};

  // Keeps the places of the parts that go on as they are.
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
      // `/events` is for users only.
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
        // Where the channel's stream was to go on is not known any more.
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

  // One of the streams on the shared connection has ended; the others go on.
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
