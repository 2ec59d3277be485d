// One card that says what the visitor may not see, and why: no token, one that is
// not valid, or one that does not open everything.

import {base} from './api.js';
import {byId, element, setText} from './dom.js';
import {setToken, tokenProblem} from './token.js';

const kTitles = {
  none: 'You see what is public',
  unreadable: 'This is not a token',
  expired: 'The token has expired',
  refused: 'The bridge refused the token',
};

function explanation(problem) {
  if (problem === null) {
    return ['The token is valid, but it does not open the following. ',
      element('code', {}, 'scripts/token.sh'), ' prints tokens with other scopes and roles.'];
  }
  if (problem.kind === 'none') {
    return ['Prices are public; the rest needs a token. One click is enough: open the link that ',
      element('code', {}, 'scripts/run.sh'), ' prints when it starts. It ends in ',
      element('code', {}, '#token=…'), '.'];
  }
  return [`${problem.text} Only public data is shown. Open the link that `,
    element('code', {}, 'scripts/run.sh'), ' printed, or enter another token.'];
}

// `openBox` opens the token box. Returns a function that shows the card for a list
// of {title, about, reason}.
export function mountAccessCard(openBox) {
  byId('access-enter').addEventListener('click', openBox);
  byId('access-remove').addEventListener('click', () => setToken(''));
  const stream = `${location.origin}${base}/prices/stream?symbols=AAPL`;
  setText(byId('try-curl'), `curl -N '${stream}'`);
  setText(byId('try-page'), `const prices = new EventSource(\n  '${stream}');\n` +
    'prices.onmessage = (event) => console.log(event.data);');
  return (locked) => {
    const problem = tokenProblem();
    const card = byId('access');
    card.hidden = locked.length === 0;
    card.dataset.kind = problem?.kind ?? 'lacks';
    setText(byId('access-title'), kTitles[problem?.kind] ?? 'The token does not open everything');
    byId('access-text').replaceChildren(...explanation(problem));
    byId('access-list').replaceChildren(...locked.map(({title, about, reason}) =>
      element('li', {},
        element('div', {}, element('b', {}, title), ' ', element('span', {class: 'muted'}, about)),
        element('span', {class: 'badge'}, reason.replace(/\.$/, '')))));
    // With little else to show, the page shows how to read a stream.
    byId('try').hidden = problem === null;
    byId('access-remove').hidden = problem?.kind === 'none';
    setText(byId('access-enter'), problem?.kind === 'none' ? 'Enter a token' : 'Enter another token');
  };
}
