// The box for the token, below the header of every page.

import {element} from './dom.js';
import {claims, getToken, onTokenChange, setToken, tokenProblem} from './token.js';

const badge = (text, kind = '') => element('span', {class: `badge ${kind}`}, text);

function describe(node) {
  const problem = tokenProblem();
  const who = claims();
  node.replaceChildren();
  if (problem?.kind === 'none') {
    node.append(element('span', {class: 'muted small'},
      'Without a token you see only public data. ',
      element('code', {}, 'scripts/run.sh'), ' prints a link with a token; ',
      element('code', {}, 'scripts/token.sh'), ' prints other tokens.'));
    return;
  }
  if (problem !== null) node.append(badge(problem.text, 'bad'));
  if (who === null) return;
  node.append(badge(who.subject || 'no subject', 'accent'));
  for (const role of who.roles) node.append(badge(`role ${role}`));
  for (const scope of who.scopes) node.append(badge(scope));
  if (who.expires !== null && problem?.kind !== 'expired') {
    node.append(badge(`until ${who.expires.toLocaleString()}`));
  }
}

const kProblemWords = {
  none: 'Set token', unreadable: 'Not a token', expired: 'Token expired', refused: 'Token refused',
};

// Says why the page shows nothing. If a token helps, offers to enter one.
export function showTrouble(node, text, isToken, openBox) {
  const problem = tokenProblem();
  node.hidden = false;
  node.replaceChildren(
    element('p', {}, text, problem === null || problem.kind === 'none' ? '' : ` ${problem.text}`),
    isToken ? element('button', {type: 'button', class: 'primary', onclick: openBox}, 'Enter a token') : '');
}

// Adds the token box below the page's header, and its button to the header.
// Returns a function that opens the box.
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
    type: 'button', id: 'token-button', 'aria-controls': 'token-box', 'aria-expanded': 'false',
  });
  const show = (open) => {
    box.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) input.focus();
  };
  const update = () => {
    const problem = tokenProblem();
    button.textContent = problem === null ? (claims().subject || 'Token set') : kProblemWords[problem.kind];
    button.classList.toggle('primary', problem?.kind === 'none');
    button.classList.toggle('bad', problem !== null && problem.kind !== 'none');
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
  return () => show(true);
}
