// The token that requests carry. It is kept only in this tab's sessionStorage, so
// no other tab sees it and it is lost when the tab is closed.

import {element} from './dom.js';

const kKey = 'sse-bridge-token';
const listeners = new Set();

export const getToken = () => sessionStorage.getItem(kKey) ?? '';

export function setToken(token) {
  const bare = token.trim().replace(/^Bearer\s+/i, '');
  if (bare === getToken()) return;
  if (bare === '') {
    sessionStorage.removeItem(kKey);
  } else {
    sessionStorage.setItem(kKey, bare);
  }
  for (const listener of listeners) listener();
}

export const onTokenChange = (listener) => listeners.add(listener);

// Waits until the token changes.
export const nextToken = () => new Promise((resolve) => {
  const once = () => {
    listeners.delete(once);
    resolve();
  };
  listeners.add(once);
});

export const authorization = () =>
  getToken() === '' ? {} : {Authorization: `Bearer ${getToken()}`};

// The token's claims, for display only: the bridge verifies them. Null if there
// is no token or it is malformed.
export function claims() {
  try {
    const part = getToken().split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const raw = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    const found = JSON.parse(new TextDecoder().decode(raw));
    const words = (value) =>
      Array.isArray(value) ? value : String(value ?? '').split(' ').filter(Boolean);
    return {
      subject: String(found.sub ?? ''),
      scopes: words(found.scope),
      roles: words(found.roles),
      expires: typeof found.exp === 'number' ? new Date(found.exp * 1000) : null,
    };
  } catch {
    return null;
  }
}

// Explains why the token does not satisfy a method's access rule (from
// /schema.json). Null if it seems to.
export function missing(access = {}) {
  if (!access.authenticated) return null;
  if (getToken() === '') return 'Needs a token.';
  const who = claims();
  if (who === null) return null;
  const lacks = (groups, held) =>
    (groups ?? []).find((group) => !group.some((name) => held.includes(name)));
  const scope = lacks(access.scopes, who.scopes);
  if (scope) return `Needs the scope ${scope.join(' or ')}.`;
  const role = lacks(access.roles, who.roles);
  if (role) return `Needs the role ${role.join(' or ')}.`;
  return null;
}

function describe(node) {
  const who = claims();
  node.replaceChildren();
  if (getToken() === '') {
    node.append(element('span', {class: 'muted small'},
      'Without a token you see only public data. scripts/run.sh prints a token; ',
      element('code', {}, 'scripts/token.sh'), ' prints others.'));
    return;
  }
  if (who === null) {
    node.append(element('span', {class: 'badge warn'}, 'Not a readable JWT'));
    return;
  }
  const badge = (text, kind = '') => element('span', {class: `badge ${kind}`}, text);
  node.append(badge(who.subject || 'no subject', 'accent'));
  for (const role of who.roles) node.append(badge(`role ${role}`));
  for (const scope of who.scopes) node.append(badge(scope));
  if (who.expires !== null) {
    const over = who.expires < new Date();
    node.append(badge(`${over ? 'expired' : 'until'} ${who.expires.toLocaleString()}`,
      over ? 'bad' : ''));
  }
}

// Adds the token box below the page's header, and its button to the header.
export function mountTokenBox(bar) {
  const input = element('textarea', {
    id: 'token', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
    placeholder: 'eyJhbGciOi...',
  });
  const summary = element('div', {class: 'claims', 'aria-live': 'polite'});
  const form = element('form', {},
    element('label', {for: 'token'}, 'Bearer token (JWT), kept in this tab only'),
    input, summary,
    element('div', {class: 'row'},
      element('button', {class: 'primary', type: 'submit'}, 'Use this token'),
      element('button', {type: 'button', onclick: () => setToken('')}, 'Remove token')));
  const box = element('section',
    {id: 'token-box', class: 'token-box', 'aria-label': 'Token', hidden: true}, form);
  const button = element('button', {
    id: 'token-button', 'aria-controls': 'token-box', 'aria-expanded': 'false',
  });
  const show = (open) => {
    box.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) input.focus();
  };
  const update = () => {
    const who = claims();
    button.textContent = getToken() === '' ? 'Set token' : (who?.subject || 'Token set');
    button.classList.toggle('primary', getToken() === '');
    input.value = getToken();
    describe(summary);
  };
  button.addEventListener('click', () => show(box.hidden));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setToken(input.value);
    show(false);
    button.focus();
  });
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    show(false);
    button.focus();
  });
  bar.append(button);
  bar.after(box);
  onTokenChange(update);
  update();
}
