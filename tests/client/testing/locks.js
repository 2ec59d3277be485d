// Web Locks for one process: exclusive, in the order of the requests. Returns
// the names that are held. Adds globalThis.crypto, which Node 18 lacks.
import { webcrypto } from 'node:crypto';

export function fakeLocks(t) {
  const held = new Set();
  const queues = new Map();

  function next(name) {
    const queue = queues.get(name);
    if (held.has(name) || queue.length === 0) return;
    const { callback, resolve, reject } = queue.shift();
    held.add(name);
    Promise.resolve()
      .then(callback)
      .then(resolve, reject)
      .finally(() => {
        held.delete(name);
        next(name);
      });
  }

  const request = (name, { signal }, callback) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const waiting = { callback, resolve, reject };
      if (!queues.has(name)) queues.set(name, []);
      queues.get(name).push(waiting);
      signal.addEventListener('abort', () => {
        const at = queues.get(name).indexOf(waiting);
        if (at < 0) return;
        queues.get(name).splice(at, 1);
        reject(signal.reason);
      });
      queueMicrotask(() => next(name));
    });

  globalThis.crypto ??= webcrypto;
  Object.defineProperty(globalThis, 'navigator', {
    value: { locks: { request } },
    configurable: true,
  });
  t.after(() => {
    delete globalThis.navigator;
  });
  return held;
}
