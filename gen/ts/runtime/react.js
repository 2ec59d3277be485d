'use client';
// Hooks for React 18 and later.
import { useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from 'react';

import { methodOf, requestKey } from './methods.js';

const never = () => () => {};

/** The store of a method and a request; a new one when either changes. */
function useStore(method, request, options) {
  const { keep, max, key, throttleMs, lingerMs, stream } = options;
  const given = typeof method?.getSnapshot === 'function' ? method : undefined;
  if (given === undefined) methodOf(method, 'useStream');
  // Functions differ with each rendering; the newest is used.
  const newest = useRef(key);
  newest.current = key;
  const byFunction = typeof key === 'function';
  const about = given === undefined ? requestKey([request, keep, max, byFunction || key, throttleMs, lingerMs]) : '';
  const made = useMemo(
    () =>
      given ??
      method(request, stream).store({
        ...{ keep, max, throttleMs, lingerMs },
        key: byFunction ? (data) => newest.current(data) : key,
      }),
    [method, about],
  );
  return made;
}

/**
 * What a stream has sent: { data, state, reason, error, since, resets, restart }.
 * Connects after mounting and closes when unmounted.
 */
export function useStream(method, request, options = {}) {
  const store = useStore(method, request, options);
  const snapshot = useSyncExternalStore(
    options.enabled === false ? never : store.subscribe,
    store.getSnapshot,
    store.getServerSnapshot,
  );
  return useMemo(() => ({ ...snapshot, restart: store.restart }), [snapshot, store]);
}

/**
 * The answer of a call: { data, error, loading, reload }. Calls after mounting,
 * and again when the request changes; the one before is then aborted.
 */
export function useCall(method, request, options = {}) {
  methodOf(method, 'useCall');
  const { enabled = true, ...callOptions } = options;
  const key = requestKey(request);
  const [round, reload] = useReducer((count) => count + 1, 0);
  const [answer, setAnswer] = useState({});
  const newest = useRef(callOptions);
  newest.current = callOptions;
  useEffect(() => {
    if (!enabled) return undefined;
    const abort = new AbortController();
    const settle = (outcome) => {
      if (!abort.signal.aborted) setAnswer({ method, key, round, ...outcome });
    };
    method(request, { ...newest.current, signal: abort.signal }).then(
      (data) => settle({ data }),
      (error) => settle({ error }),
    );
    return () => abort.abort();
  }, [method, key, enabled, round]);
  const current = answer.method === method && answer.key === key;
  return {
    data: current ? answer.data : undefined,
    error: current ? answer.error : undefined,
    loading: enabled && !(current && answer.round === round),
    reload,
  };
}
