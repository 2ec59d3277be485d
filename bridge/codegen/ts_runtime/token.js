// The token of requests: a constant, or from a callback. A rejected token is
// renewed once, however many requests it failed.
export class TokenSource {
  #token;
  #callback;
  #pending = null;

  constructor(token) {
    if (typeof token === 'function') {
      this.#callback = token;
    } else {
      this.#token = token ?? null;
    }
  }

  get refreshable() {
    return this.#callback !== undefined;
  }

  /** Returns the current token, or null. */
  async get() {
    if (this.#token === undefined) return this.#ask({ refresh: false });
    return this.#token;
  }

  /** Returns a new token in place of `stale`, which was rejected with `error`. */
  async renew(stale, error) {
    if (this.#pending === null && this.#token !== stale) return this.get();
    return this.#ask({ refresh: true, error });
  }

  #ask(context) {
    this.#pending ??= Promise.resolve()
      .then(() => this.#callback(context))
      .then((token) => {
        this.#token = token ?? null;
        return this.#token;
      })
      .finally(() => {
        this.#pending = null;
      });
    return this.#pending;
  }
}
