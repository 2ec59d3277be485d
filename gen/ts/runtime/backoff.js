// Reconnect delay: exponential with full jitter, so that browsers that lost the
// same bridge do not all reconnect at once.

import { onWake } from './wake.js';

const DEFAULT_BASE_MS = 1000;
const DEFAULT_MAX_MS = 30000;

export class Backoff {
  /** Attempts since the last success. */
  attempts = 0;

  constructor(policy = {}) {
    this.baseMs = policy.baseMs;
    this.maxMs = policy.maxMs ?? DEFAULT_MAX_MS;
    this.maxAttempts = policy.maxAttempts ?? Infinity;
    this.serverMs = undefined;
  }

  /** The stream's `retry:` value. The user's own base takes precedence. */
  setServerBase(ms) {
    this.serverMs = ms;
  }

  reset() {
    this.attempts = 0;
  }

  get exhausted() {
    return this.attempts >= this.maxAttempts;
  }

  /** Returns the delay in milliseconds, at least `atLeastMs`. */
  next(atLeastMs = 0) {
    const base = this.baseMs ?? this.serverMs ?? DEFAULT_BASE_MS;
    const ceiling = Math.min(Math.max(this.maxMs, base), base * 2 ** Math.min(this.attempts, 30));
    this.attempts += 1;
    return atLeastMs + Math.random() * ceiling;
  }
}

/** Waits; ends early when the page wakes up (onWake). Rejects if aborted. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = (settle, value) => {
      clearTimeout(timer);
      asleep();
      signal?.removeEventListener('abort', stop);
      settle(value);
    };
    const wake = () => done(resolve);
    const stop = () => done(reject, signal.reason);
    const timer = setTimeout(wake, ms);
    const asleep = onWake(wake);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop);
  });
}
