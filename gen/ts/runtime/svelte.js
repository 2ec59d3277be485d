// Stores for Svelte 3 and later, by its contract: `$prices.data` in a component.
import { methodOf } from './methods.js';

/** What a stream has sent: { data, state, reason, error, since, resets }. */
export function streamStore(method, request, options = {}) {
  methodOf(method, 'streamStore');
  const { stream, ...storeOptions } = options;
  return method(request, stream).store(storeOptions);
}

const WAITING = Object.freeze({ data: undefined, error: undefined, loading: true });

/**
 * The answer of a call: { data, error, loading }. Calls when somebody subscribes,
 * a moment later, so that rendering on a server does not; `reload` calls again.
 */
export function callStore(method, request, options = {}) {
  methodOf(method, 'callStore');
  const listeners = new Set();
  let value = WAITING;
  let abort;
  let timer;

  const set = (next) => {
    value = Object.freeze(next);
    for (const listener of [...listeners]) listener();
  };
  const call = () => {
    timer = undefined;
    const own = new AbortController();
    abort = own;
    const settle = (answer) => {
      if (!own.signal.aborted) set({ data: undefined, error: undefined, ...answer, loading: false });
    };
    method(request, { ...options, signal: own.signal }).then(
      (data) => settle({ data }),
      (error) => settle({ error }),
    );
  };
  const begin = () => {
    abort?.abort();
    timer ??= setTimeout(call, 0);
  };

  return Object.freeze({
    subscribe(run) {
      const listener = () => run(value);
      listeners.add(listener);
      if (listeners.size === 1 && value.loading) begin();
      run(value);
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
        abort?.abort();
      };
    },
    reload() {
      if (!value.loading) set({ ...value, loading: true });
      if (listeners.size > 0) begin();
    },
  });
}
