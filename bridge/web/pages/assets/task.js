// A task, started and watched until it ends. Demonstration tasks have no worker,
// so this page acts as one: it reports progress with PATCH and shows the stream.

import {call, explain} from './api.js';
import {byId, element, setText} from './dom.js';

const kSteps = ['reading the orders', 'matching payments', 'writing the report', 'sending it'];
const kStepMs = 350;
const kUpdatesPerStep = 4;

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

export function mountTask(connections) {
  const bar = byId('task-progress');
  const status = byId('task-status');
  const error = byId('task-error');
  const state = byId('task-state');
  const updates = byId('task-updates');

  function tell(problem) {
    error.hidden = problem === null;
    setText(error, problem === null ? '' : explain(problem));
  }

  function show(update) {
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
  }

  function watch(id) {
    updates.replaceChildren();
    setText(byId('task-id'), id);
    connections.open('task', 'Task', `${path(id)}/progress`, {
      onEvent: ({name, data}) => {
        if (name === 'message') show(JSON.parse(data));
      },
      onState: (stream) => {
        state.dataset.state = stream.state;
        setText(state, {open: 'watching', ended: 'ended', failed: 'refused'}[stream.state] ?? stream.state);
        if (stream.state === 'failed') tell(stream.error);
      },
    });
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

  return {
    reset() {
      tell(null);
      updates.replaceChildren();
      bar.value = 0;
      bar.className = '';
      setText(byId('task-id'), 'No task yet');
      setText(status, '–');
      status.className = 'badge';
      state.dataset.state = 'closed';
      setText(state, 'not watching');
    },
  };
}
