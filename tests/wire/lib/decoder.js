// Content codings, decoded as the bytes arrive.

import zlib from 'node:zlib';

const kMake = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
};

/** Those that this program can decode. */
export const kCodings = ['gzip', 'deflate', 'br'];

/** Gives the decoded bytes of `response`, as `Response.next` does. */
export class Decoder {
  #response;
  #stream;
  #parts = [];
  #wake = null;
  #ended = false;
  #error = null;
  #pump = null;

  constructor(response, coding) {
    this.#response = response;
    this.#stream = kMake[coding]();
    this.#stream.on('data', (bytes) => this.#tell(() => this.#parts.push(bytes)));
    this.#stream.on('end', () =>
      this.#tell(() => {
        this.#ended = true;
      }),
    );
    this.#stream.on('error', (error) =>
      this.#tell(() => {
        this.#error = error;
      }),
    );
  }

  #tell(change) {
    change();
    this.#wake?.();
  }

  async next(deadline) {
    for (;;) {
      if (this.#error) throw this.#error;
      if (this.#parts.length > 0) return this.#parts.shift();
      if (this.#ended) return null;
      const woken = new Promise((resolve) => {
        this.#wake = resolve;
      });
      this.#pump ??= this.#response.next(deadline).then((bytes) => {
        this.#pump = null;
        if (bytes === null) this.#stream.end();
        else this.#stream.write(bytes);
        return bytes === null
          ? woken
          : Promise.race([woken, new Promise((resolve) => setTimeout(resolve, 20))]);
      });
      await Promise.race([this.#pump, woken]);
    }
  }
}
