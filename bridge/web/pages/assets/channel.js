// A channel: its members, its messages, and who is typing.

import {call, explain} from './api.js';
import {byId, clock, element, setText} from './dom.js';
import {claims} from './token.js';

const kMaxShown = 300;
const kHistoryPages = 20;     // of kHistoryPage messages, oldest first
const kHistoryPage = 500;
const kTypingMs = 4000;       // how long a user is shown as typing
const kTellTypingMs = 2000;   // how often we report that we are typing

// `onChange` is called when the channel to stream changes.
export function mountChannel({onChange}) {
  let name = byId('channel-name').value;
  const log = byId('messages');
  const error = byId('channel-error');
  const members = new Set();
  const typing = new Map();  // timers by user
  const said = new Set();    // ids of shown messages
  let waiting = null;        // events received while the history loads
  const path = (rest) => `/channels/${encodeURIComponent(name)}/${rest}`;
  const me = () => claims()?.subject ?? '';

  function tell(problem) {
    error.hidden = problem === null;
    setText(error, problem === null ? '' : explain(problem));
  }

  function showEmpty() {
    if (log.childElementCount > 0) return;
    log.append(element('p', {class: 'empty'}, 'No messages yet. Say hello, or open a second window.'));
  }

  function append(node) {
    const following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.querySelector('.empty')?.remove();
    log.append(node);
    while (log.childElementCount > kMaxShown) log.firstElementChild.remove();
    if (following) log.scrollTop = log.scrollHeight;
  }

  function showMessage(message) {
    if (waiting !== null) return waiting.push(message);
    if (said.has(message.id)) return;
    said.add(message.id);
    const mine = message.user_id === me();
    append(element('div', {class: mine ? 'said mine' : 'said'},
      element('span', {class: 'who'}, message.username || message.user_id),
      element('time', {datetime: message.timestamp}, clock(new Date(message.timestamp))),
      element('div', {}, message.content)));
    stopTyping(message.user_id);
  }

  async function history() {
    const found = [];
    let token = '';
    for (let page = 0; page < kHistoryPages; ++page) {
      const query = new URLSearchParams({page_size: kHistoryPage, page_token: token});
      const answer = await call('GET', `${path('messages')}?${query}`);
      found.push(...answer.messages);
      token = answer.next_page_token;
      if (token === '') break;
    }
    return found.slice(-kMaxShown);
  }

  const happened = (text) => append(element('div', {class: 'happened'}, text));

  function showMembers() {
    byId('members').replaceChildren(...[...members].sort().map((user) =>
      element('li', {class: 'badge good'}, user === me() ? `${user} (you)` : user)));
  }

  function showTyping() {
    const users = [...typing.keys()];
    setText(byId('typing'), users.length === 0 ? '' :
      `${users.join(', ')} ${users.length === 1 ? 'is' : 'are'} typing…`);
  }

  function stopTyping(user) {
    clearTimeout(typing.get(user));
    typing.delete(user);
    showTyping();
  }

  const receivers = {
    joined() {},
    message: showMessage,
    join({user_id: user}) {
      if (members.has(user)) return;
      members.add(user);
      showMembers();
      happened(`${user} came`);
    },
    leave({user_id: user}) {
      if (!members.delete(user)) return;
      showMembers();
      stopTyping(user);
      happened(`${user} left`);
    },
    typing({user_id: user}) {
      if (user === me()) return;
      clearTimeout(typing.get(user));
      typing.set(user, setTimeout(() => stopTyping(user), kTypingMs));
      showTyping();
    },
  };

  function clear() {
    log.replaceChildren();
    said.clear();
    waiting = null;
    members.clear();
    for (const user of [...typing.keys()]) stopTyping(user);
    showMembers();
    showEmpty();
    tell(null);
  }

  // Loads the members and the history whenever the stream opens. The history is
  // always loaded because a stream that breaks before its first message has no id to
  // resume from.
  async function load() {
    const asked = name;
    waiting = [];
    let before = [];
    try {
      const here = await call('GET', path('members'));
      before = await history();
      if (asked !== name) return;
      members.clear();
      here.user_ids.forEach((user) => members.add(user));
      showMembers();
      tell(null);
    } catch (problem) {
      if (asked === name) tell(problem);
    } finally {
      if (asked === name) {
        const late = waiting ?? [];
        waiting = null;
        [...before, ...late].forEach(showMessage);
      }
    }
  }

  byId('join').addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = byId('channel-name').value.trim();
    if (wanted === '' || (wanted === name && error.hidden)) return;
    name = wanted;
    clear();
    onChange();
  });

  byId('send').addEventListener('submit', async (event) => {
    event.preventDefault();
    const input = byId('message');
    const content = input.value.trim();
    if (content === '') return;
    input.value = '';
    try {
      await call('POST', path('messages'), {content});
      tell(null);
    } catch (problem) {
      input.value = content;
      tell(problem);
    }
  });

  let toldTyping = 0;
  byId('message').addEventListener('input', () => {
    if (Date.now() - toldTyping < kTellTypingMs) return;
    toldTyping = Date.now();
    call('POST', path('typing')).catch(() => {});
  });

  clear();
  return {
    target: () => path('stream'),
    receive: ({type, payload}) => receivers[type]?.(payload),
    opened: load,
    // The resume point is no longer known.
    reset: load,
    // The channel's stream has ended permanently.
    ended: (problem) => problem !== null && tell(problem),
    clear,
  };
}
