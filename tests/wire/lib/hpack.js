// HPACK (RFC 7541): decodes everything, encodes literals only.

const kStatic = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

// Bits of each symbol's code, 0 to 255 (appendix B). The code is canonical, so
// the lengths say everything.
const kLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

// "length/code" -> symbol.
const kHuffman = (() => {
  const table = new Map();
  let code = 0;
  let length = 0;
  const symbols = kLengths
    .map((bits, symbol) => ({bits, symbol}))
    .sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  for (const {bits, symbol} of symbols) {
    code = length === 0 ? 0 : (code + 1) * 2 ** (bits - length);
    length = bits;
    table.set(`${bits}/${code}`, symbol);
  }
  return table;
})();

function unhuffman(bytes) {
  const out = [];
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; --bit) {
      code = code * 2 + ((byte >> bit) & 1);
      const symbol = kHuffman.get(`${++bits}/${code}`);
      if (symbol === undefined) continue;
      out.push(symbol);
      code = 0;
      bits = 0;
    }
  }
  return Buffer.from(out).toString('latin1');
}

export class HpackDecoder {
  #table = [];
  #size = 0;
  #max = 4096;
  #bytes;
  #at;

  decode(bytes) {
    this.#bytes = bytes;
    this.#at = 0;
    const headers = [];
    while (this.#at < bytes.length) {
      const first = bytes[this.#at];
      if (first & 0x80) {
        headers.push(this.#entry(this.#integer(7)));
      } else if ((first & 0xe0) === 0x20) {
        this.#max = this.#integer(5);
        this.#evict();
      } else {
        const indexed = (first & 0xc0) === 0x40;
        const index = this.#integer(indexed ? 6 : 4);
        const name = index === 0 ? this.#string() : this.#entry(index)[0];
        const field = [name, this.#string()];
        if (indexed) this.#add(field);
        headers.push(field);
      }
    }
    return headers;
  }

  #entry(index) {
    const field = index <= kStatic.length ? kStatic[index - 1] : this.#table[index - kStatic.length - 1];
    if (field === undefined) throw new Error(`HPACK: no entry ${index}`);
    return field;
  }

  #add(field) {
    this.#table.unshift(field);
    this.#size += field[0].length + field[1].length + 32;
    this.#evict();
  }

  #evict() {
    while (this.#size > this.#max) {
      const [name, value] = this.#table.pop();
      this.#size -= name.length + value.length + 32;
    }
  }

  #integer(prefix) {
    const mask = 2 ** prefix - 1;
    let value = this.#bytes[this.#at++] & mask;
    if (value < mask) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (!(byte & 0x80)) return value;
    }
  }

  #string() {
    const huffman = this.#bytes[this.#at] & 0x80;
    const length = this.#integer(7);
    const bytes = this.#bytes.subarray(this.#at, (this.#at += length));
    return huffman ? unhuffman(bytes) : bytes.toString('latin1');
  }
}

function string(text) {
  const bytes = Buffer.from(text, 'latin1');
  const length = [];
  if (bytes.length < 127) {
    length.push(bytes.length);
  } else {
    let left = bytes.length - 127;
    length.push(127);
    for (; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128);
    length.push(left);
  }
  return [Buffer.from(length), bytes];
}

/** Each header as a literal without indexing. */
export function encodeHeaders(headers) {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.from([0]), ...string(name), ...string(String(value))]),
  );
}
