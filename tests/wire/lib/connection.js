// One TCP or TLS connection whose bytes are read as they come. Nothing is
// interpreted here: what a server frames wrongly must stay visible.

import net from 'node:net';
import tls from 'node:tls';

export class TimedOut extends Error {}

export class Connection {
  /** Connects to `target` (`host`, `port`, `tls`, `insecure`); `alpn` only counts with TLS. */
  static async open(target, {alpn, deadline = Date.now() + 10_000} = {}) {
    const socket = target.tls
      ? tls.connect({
          host: target.host,
          port: target.port,
          rejectUnauthorized: !target.insecure,
          servername: net.isIP(target.host) ? undefined : target.host,
          ALPNProtocols: alpn,
          allowHalfOpen: true,
        })
      : net.connect({host: target.host, port: target.port, allowHalfOpen: true});
    const connection = new Connection(socket);
    await connection.#until(
      () => connection.#open || connection.error,
      deadline,
      'the connection is not established',
    );
    if (!connection.#open) throw connection.error;
    socket.setNoDelay(true);
    return connection;
  }

  /** Received and not yet taken. */
  buffer = Buffer.alloc(0);
  /** The server has ended its side, or the connection is broken (then `error` says how). */
  ended = false;
  error = null;

  #open = false;
  #wake = null;

  constructor(socket) {
    this.socket = socket;
    const notify = () => this.#wake?.();
    socket.on(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => {
      this.#open = true;
      notify();
    });
    socket.on('data', (bytes) => {
      this.buffer = this.buffer.length === 0 ? bytes : Buffer.concat([this.buffer, bytes]);
      notify();
    });
    socket.on('end', () => {
      this.ended = true;
      notify();
    });
    socket.on('close', () => {
      this.ended = true;
      notify();
    });
    socket.on('error', (error) => {
      this.error = error;
      this.ended = true;
      notify();
    });
  }

  get protocol() {
    return this.socket.alpnProtocol || null;
  }

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes, 'latin1');
  }

  /** Ends this side only. */
  endWriting() {
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }

  /** Waits for more than the `have` bytes of `buffer`; false if the server has ended. */
  async more(have, deadline, what = 'the server sends nothing more') {
    await this.#until(() => this.buffer.length > have || this.ended, deadline, what);
    return this.buffer.length > have;
  }

  /** Whether the server ends the connection by the deadline; what it sends is dropped. */
  async ends(deadline) {
    try {
      while (await this.more(0, deadline)) this.take(this.buffer.length);
      return true;
    } catch (error) {
      if (error instanceof TimedOut) return false;
      throw error;
    }
  }

  take(count) {
    const bytes = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return bytes;
  }

  async #until(condition, deadline, what) {
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new TimedOut(what);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }
}
