// The token that requests carry: a constant, or what a callback gives. A token
// that was refused is asked for anew once, however many requests it broke.
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

  /** The token to use now, or null. */
  async get() {
    if (this.#token === undefined) return this.#ask({ refresh: false });
    return this.#token;
  }

  /** Another token than `stale`, which was refused with `error`. */
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
