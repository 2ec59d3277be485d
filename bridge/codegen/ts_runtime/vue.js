// Composables for Vue 3.3 and later.
import {
  computed,
  getCurrentInstance,
  getCurrentScope,
  onMounted,
  onScopeDispose,
  shallowRef,
  toValue,
  watch,
} from 'vue';

import { methodOf, requestKey } from './methods.js';

/** Runs `begin` now, and again when the key changes; on a server never. */
function whileMounted(key, begin) {
  let end = () => {};
  const start = () => {
    watch(
      key,
      () => {
        end();
        end = begin();
      },
      { immediate: true },
    );
  };
  if (getCurrentInstance() === null) start();
  else onMounted(start);
  if (getCurrentScope()) onScopeDispose(() => end());
}

/**
 * What a stream has sent, as refs: { data, state, error, snapshot, restart }. The
 * request may be a ref or a getter.
 */
export function useStream(method, request, options = {}) {
  const given = typeof method?.getSnapshot === 'function' ? method : undefined;
  if (given === undefined) methodOf(method, 'useStream');
  const { enabled = true, stream, ...storeOptions } = options;
  const keyNow = () => (given === undefined ? requestKey(toValue(request)) : '');
  const make = () => given ?? method(toValue(request), stream).store(storeOptions);
  let store = make();
  let madeFor = keyNow();
  const snapshot = shallowRef(store.getServerSnapshot());
  whileMounted(
    () => [toValue(enabled), keyNow()].join(' '),
    () => {
      if (madeFor !== keyNow()) store = make();
      madeFor = keyNow();
      snapshot.value = store.getSnapshot();
      if (!toValue(enabled)) return () => {};
      return store.subscribe((next) => {
        snapshot.value = next;
      });
    },
  );
  return {
    snapshot,
    data: computed(() => snapshot.value.data),
    state: computed(() => snapshot.value.state),
    error: computed(() => snapshot.value.error),
    restart: () => store.restart(),
  };
}

/**
 * The answer of a call, as refs: { data, error, loading, reload }. Calls again
 * when the request changes; the one before is then aborted.
 */
export function useCall(method, request, options = {}) {
  methodOf(method, 'useCall');
  const { enabled = true, ...callOptions } = options;
  const data = shallowRef();
  const error = shallowRef();
  const loading = shallowRef(toValue(enabled));
  const round = shallowRef(0);
  let asked;
  whileMounted(
    () => [toValue(enabled), round.value, requestKey(toValue(request))].join(' '),
    () => {
      const key = requestKey(toValue(request));
      if (asked !== key) {
        data.value = undefined;
        error.value = undefined;
      }
      asked = key;
      loading.value = toValue(enabled);
      if (!loading.value) return () => {};
      const abort = new AbortController();
      const settle = (answer, failure) => {
        if (abort.signal.aborted) return;
        data.value = answer;
        error.value = failure;
        loading.value = false;
      };
      method(toValue(request), { ...callOptions, signal: abort.signal }).then(
        (answer) => settle(answer, undefined),
        (failure) => settle(undefined, failure),
      );
      return () => abort.abort();
    },
  );
  const reload = () => {
    round.value += 1;
  };
  return { data, error, loading, reload };
}
