// The token that requests carry. It is kept only in this tab's sessionStorage, so
// no other tab sees it and it is lost when the tab is closed.

const kKey = 'sse-bridge-token';
const kMaxTimerMs = 2 ** 31 - 1;
const listeners = new Set();

let rejection = null;  // {token, message}: what the bridge said about a token
let expiryTimer;

export const getToken = () => sessionStorage.getItem(kKey) ?? '';

function changed() {
  watchExpiry();
  for (const listener of [...listeners]) listener();
}

export function setToken(token) {
  const bare = token.trim().replace(/^Bearer\s+/i, '');
  if (bare === getToken() && rejection === null) return;
  rejection = null;
  if (bare === '') {
    sessionStorage.removeItem(kKey);
  } else {
    sessionStorage.setItem(kKey, bare);
  }
  changed();
}

// The bridge has refused `token`. It is not sent again until another one is set.
export function rejectToken(token, message) {
  if (token === '' || token !== getToken() || rejection?.token === token) return;
  rejection = {token, message};
  changed();
}

// Called when the token changes, expires or is refused.
export const onTokenChange = (listener) => listeners.add(listener);

// Waits until the token changes.
export const nextToken = () => new Promise((resolve) => {
  const once = () => {
    listeners.delete(once);
    resolve();
  };
  listeners.add(once);
});

// The header of a token that may be valid.
export const authorization = () =>
  tokenProblem() === null ? {Authorization: `Bearer ${getToken()}`} : {};

// The header of any token, so that one can see what the bridge says about it.
export const anyAuthorization = () =>
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

// Why the token opens nothing: {kind, text}, or null if it may be valid.
export function tokenProblem() {
  const token = getToken();
  if (token === '') return {kind: 'none', text: 'No token is set.'};
  const who = claims();
  if (who === null) {
    return {kind: 'unreadable', text: 'This is not a token: a JWT has three parts, separated by dots.'};
  }
  if (who.expires !== null && who.expires <= new Date()) {
    return {kind: 'expired', text: `This token expired on ${who.expires.toLocaleString()}.`};
  }
  if (rejection?.token === token) {
    return {kind: 'refused', text: `The bridge refused this token: ${rejection.message}.`};
  }
  return null;
}

// Explains why the token does not satisfy a method's access rule (from
// /schema.json). Null if it seems to.
export function missing(access = {}) {
  if (!access.authenticated) return null;
  const problem = tokenProblem();
  if (problem !== null) return problem.kind === 'none' ? 'Needs a token.' : 'Needs a valid token.';
  const who = claims();
  const lacks = (groups, held) =>
    (groups ?? []).find((group) => !group.some((name) => held.includes(name)));
  const scope = lacks(access.scopes, who.scopes);
  if (scope) return `Needs the scope ${scope.join(' or ')}.`;
  const role = lacks(access.roles, who.roles);
  if (role) return `Needs the role ${role.join(' or ')}.`;
  return null;
}

function watchExpiry() {
  clearTimeout(expiryTimer);
  const expires = claims()?.expires ?? null;
  if (expires === null) return;
  const left = expires - Date.now();
  if (left > 0) expiryTimer = setTimeout(left > kMaxTimerMs ? watchExpiry : changed, Math.min(left + 1, kMaxTimerMs));
}

// A link that ends in #token=... sets the token. It is removed from the address
// at once, so that it does not stay in the history or in a copied address.
function takeFromAddress() {
  const found = /^#token=([^&]*)$/.exec(location.hash);
  if (found === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  setToken(found[1]);
}

takeFromAddress();
window.addEventListener('hashchange', takeFromAddress);
watchExpiry();
