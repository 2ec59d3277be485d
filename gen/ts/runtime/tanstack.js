// Options for TanStack Query 5, for any of its frameworks. Nothing of it is
// imported.
import { BridgeError, Code } from './errors.js';
import { methodOf, requestKey } from './methods.js';

/** The key of a method's queries, or of all with a request. */
export function queryKey(method, ...request) {
  const { name } = methodOf(method, 'queryKey');
  return [name, ...request.map((each) => JSON.parse(requestKey(each)))];
}

/** Options of useQuery for a call. */
export function callOptions(method, request, options = {}) {
  return {
    queryKey: queryKey(method, request),
    queryFn: ({ signal }) => method(request, { ...options, signal }),
  };
}

/** Options of useMutation for a call: `mutate(request)`. */
export function mutationOptions(method, options = {}) {
  return {
    mutationKey: queryKey(method),
    mutationFn: (request) => method(request, options),
  };
}

/** Reads a stream until it ends, and puts what it has sent into the cache. */
function follow(store, { client, queryKey: key, signal }, name) {
  return new Promise((resolve, reject) => {
    let shown = store.getSnapshot().data;
    let stop = () => {};
    const end = (settle, value) => {
      stop();
      signal.removeEventListener('abort', aborted);
      settle(value);
    };
    const aborted = () => end(reject, signal.reason);
    signal.addEventListener('abort', aborted);
    stop = store.subscribe(({ data, state, reason, error }) => {
      if (data !== shown) {
        shown = data;
        client.setQueryData(key, data);
      }
      if (state !== 'closed') return;
      if (reason !== 'done') {
        end(reject, error ?? new BridgeError(Code.CANCELLED, `${name}: the stream was closed`));
      } else if (data === undefined) {
        // A query's data cannot be undefined.
        end(reject, new BridgeError(Code.NOT_FOUND, `${name}: the stream ended without an event`));
      } else {
        end(resolve, data);
      }
    });
    if (signal.aborted) aborted();
  });
}

/**
 * Options of useQuery for a stream, whose data follow the stream while somebody
 * uses the query. The client reconnects; the query fails only if it cannot.
 */
export function liveOptions(method, request, options = {}) {
  const { stream, ...storeOptions } = options;
  const { keep = 'latest', max, key } = storeOptions;
  const { name } = methodOf(method, 'liveOptions');
  return {
    queryKey: [
      ...queryKey(method, request),
      { keep, ...(max === undefined ? {} : { max }), ...(typeof key === 'string' ? { key } : {}) },
    ],
    queryFn: (context) => follow(method(request, stream).store(storeOptions), context, name),
    staleTime: Infinity,
    retry: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
    // Lists and maps are replaced, and not compared with those before.
    structuralSharing: false,
  };
}
