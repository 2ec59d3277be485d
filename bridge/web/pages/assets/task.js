// A task, started and watched until it ends. Demonstration tasks have no worker,
// so this page acts as one: it reports progress with PATCH and shows the stream.

import {call, explain} from './api.js';
import {byId, element, setText} from './dom.js';

const kSteps = ['reading the orders', 'matching payments', 'writing the report', 'sending it'];
const kStepMs = 350;
const kUpdatesPerStep = 4;
const kMaxShown = 100;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const path = (id) => `/tasks/${encodeURIComponent(id)}`;

async function work(id) {
  const total = kSteps.length * kUpdatesPerStep;
  for (let done = 0; done < total; ++done) {
    await call('PATCH', path(id), {
      status: 'running',
      progress: done / total,
      message: kSteps[Math.floor(done / kUpdatesPerStep)],
    });
    await sleep(kStepMs);
  }
  await call('PATCH', path(id), {status: 'completed', progress: 1, message: 'done'});
}

// `onChange` is called when another task, or the same one again, is to be streamed.
export function mountTask({onChange}) {
  const bar = byId('task-progress');
  const status = byId('task-status');
  const error = byId('task-error');
  const state = byId('task-state');
  const updates = byId('task-updates');
  let watched = '';

  function tell(problem) {
    error.hidden = problem === null;
    setText(error, problem === null ? '' : explain(problem));
  }

  function showState(name, text) {
    state.dataset.state = name;
    setText(state, text);
  }

  function receive(update) {
    showState('open', 'watching');
    const kind = {completed: 'good', failed: 'bad', running: 'accent'}[update.status] ?? '';
    setText(status, update.status);
    status.className = `badge ${kind}`;
    bar.className = update.status;
    bar.value = update.progress;
    setText(byId('task-message'), update.error ?? update.message ?? '');
    updates.prepend(element('li', {},
      element('b', {}, `${Math.round(update.progress * 100)}%`),
      element('span', {}, update.status),
      element('span', {}, update.message ?? '')));
    while (updates.childElementCount > kMaxShown) updates.lastElementChild.remove();
  }

  function show(id) {
    watched = id;
    tell(null);
    updates.replaceChildren();
    byId('task-none').hidden = id !== '';
    byId('task-watched').hidden = id === '';
    setText(byId('task-id'), id);
    setText(byId('task-message'), '');
    setText(status, 'waiting');
    status.className = 'badge';
    bar.value = 0;
    bar.className = '';
    if (id === '') showState('closed', 'not watching');
    else showState('connecting', 'connecting');
  }

  function watch(id) {
    show(id);
    onChange();
  }

  byId('task-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    tell(null);
    try {
      const created = await call('POST', '/tasks', {
        task_id: byId('task-name').value.trim(), message: 'waiting for a worker',
      });
      byId('task-name').value = '';
      watch(created.task_id);
      await work(created.task_id);
    } catch (problem) {
      tell(problem);
    }
  });
  byId('watch-task').addEventListener('click', () => {
    const input = byId('task-name');
    tell(null);
    if (input.value.trim() === '') return input.focus();
    watch(input.value.trim());
  });

  show('');
  return {
    target: () => (watched === '' ? '' : `${path(watched)}/progress`),
    receive,
    // The task has ended, or its stream has failed.
    ended(problem) {
      showState(problem === null ? 'ended' : 'failed', problem === null ? 'ended' : 'refused');
      tell(problem);
    },
    clear: () => show(''),
  };
}
