// Signs that a page is used again: timers may have slept, and connections may be
// lost without anybody having been told.

const page = () => globalThis.document;

export const isHidden = () => page()?.visibilityState === 'hidden';

/**
 * Calls `listener` when the network is back, the page becomes visible, or it is
 * restored from the back/forward cache (`restored`: its connections are gone).
 * Returns a function that ends this.
 */
export function onWake(listener) {
  const online = () => listener({ restored: false });
  const visible = () => {
    if (!isHidden()) listener({ restored: false });
  };
  const shown = ({ persisted }) => {
    if (persisted) listener({ restored: true });
  };
  globalThis.addEventListener?.('online', online);
  globalThis.addEventListener?.('pageshow', shown);
  page()?.addEventListener('visibilitychange', visible);
  return () => {
    globalThis.removeEventListener?.('online', online);
    globalThis.removeEventListener?.('pageshow', shown);
    page()?.removeEventListener('visibilitychange', visible);
  };
}

/**
 * Calls `listener` once, when the page has been hidden for `ms`. Returns a
 * function that ends this.
 */
export function onHidden(ms, listener) {
  let timer;
  const check = () => {
    clearTimeout(timer);
    if (isHidden()) timer = setTimeout(listener, ms);
  };
  page()?.addEventListener('visibilitychange', check);
  check();
  return () => {
    clearTimeout(timer);
    page()?.removeEventListener('visibilitychange', check);
  };
}

/** Waits until the page is visible. Rejects if aborted. */
export function untilVisible(signal) {
  return new Promise((resolve, reject) => {
    const done = (settle, value) => {
      page()?.removeEventListener('visibilitychange', check);
      signal.removeEventListener('abort', stop);
      settle(value);
    };
    const check = () => {
      if (!isHidden()) done(resolve);
    };
    const stop = () => done(reject, signal.reason);
    page()?.addEventListener('visibilitychange', check);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    else check();
  });
}
