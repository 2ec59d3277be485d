// Notifications: those that were unread when the page loaded, and new ones.

import {call, explain} from './api.js';
import {byId, clock, element, setText} from './dom.js';
import {claims} from './token.js';

const kMaxShown = 100;

export function mountNotifications() {
  const list = byId('notification-list');
  const error = byId('notifications-error');
  const shown = new Map();  // by id: {item, read}
  // `/events` has no room for the names `unread` and `new`, so their time decides.
  const opened = new Date();
  let denied = null;  // why notifications cannot be marked as read

  function tell(problem) {
    error.hidden = problem === null;
    setText(error, problem === null ? '' : explain(problem));
  }

  function count() {
    const unread = [...shown.values()].filter(({read}) => !read).length;
    setText(byId('unread-count'), `${unread} unread`);
    byId('unread-count').classList.toggle('accent', unread > 0);
    if (shown.size === 0) {
      list.replaceChildren(element('li', {class: 'empty'}, 'Nothing unread. Send yourself a notification below.'));
      return;
    }
    list.querySelector('.empty')?.remove();
  }

  async function markRead(id, button) {
    button.disabled = true;
    try {
      await call('POST', `/notifications/${encodeURIComponent(id)}/read`);
      const entry = shown.get(id);
      entry.read = true;
      entry.item.classList.add('read');
      button.remove();
      tell(null);
    } catch (problem) {
      button.disabled = false;
      tell(problem);
    }
    count();
  }

  function add(notification) {
    const {id} = notification;
    shown.get(id)?.item.remove();
    const when = new Date(notification.created_at);
    const isNew = when >= opened;
    const button = element('button', {
      class: 'small', type: 'button', 'aria-label': `Mark read: "${notification.title}"`,
      disabled: denied !== null, title: denied, onclick: () => markRead(id, button),
    }, 'Mark read');
    const item = element('li', {'data-id': id},
      element('span', {class: 'title'}, notification.title),
      button,
      element('span', {class: 'meta'},
        element('span', {class: `badge ${isNew ? 'good' : 'warn'}`}, isNew ? 'new' : 'unread'),
        notification.type || null,
        element('time', {datetime: notification.created_at}, clock(when))),
      notification.body === '' ? null : element('span', {class: 'text'}, notification.body));
    shown.set(id, {item, read: false});
    list.prepend(item);
    while (shown.size > kMaxShown) {
      const [oldest, entry] = shown.entries().next().value;
      entry.item.remove();
      shown.delete(oldest);
    }
    count();
  }

  function clear() {
    shown.clear();
    tell(null);
    count();
  }

  byId('notify').addEventListener('submit', async (event) => {
    event.preventDefault();
    const input = byId('notification-title');
    try {
      await call('POST', '/notifications', {
        user_id: claims()?.subject ?? '', type: 'note', title: input.value.trim(),
      });
      input.value = '';
      tell(null);
    } catch (problem) {
      tell(problem);
    }
  });
  count();

  return {
    target: () => '/notifications/stream',
    receive: add,
    mayMark: (reason) => (denied = reason),
    ended: tell,
    // The stream continues as on a first visit, with all unread notifications.
    reset: clear,
    clear,
  };
}
