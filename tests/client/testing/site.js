// The origin of an app: its pages, and below /bridge/ the bridge, as a reverse
// proxy would have it.
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

export class Site {
  /** `pages` is a folder, or the address of another server. */
  constructor(t, bridge, pages) {
    this.bridge = bridge;
    this.pages = pages;
    /** What the bridge was asked for: "GET /prices?symbols=A". */
    this.asked = [];
    /** The streams that are open. */
    this.open = new Set();
    this.server = createServer((asked, answer) => this.#serve(asked, answer));
    t.after(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
  }

  async start() {
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.address = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  #serve(asked, answer) {
    if (asked.url.startsWith('/bridge/')) {
      const target = asked.url.slice('/bridge'.length);
      this.asked.push(`${asked.method} ${target}`);
      this.#forward(this.bridge, target, asked, answer);
    } else if (this.pages.startsWith('http')) {
      this.#forward(this.pages, asked.url, asked, answer);
    } else {
      this.#file(new URL(asked.url, 'http://site').pathname, answer);
    }
  }

  #file(name, answer) {
    const file = path.join(this.pages, name.endsWith('/') ? `${name}index.html` : name);
    try {
      const content = readFileSync(file);
      answer.setHeader('Content-Type', TYPES[path.extname(file)] ?? 'application/octet-stream');
      answer.end(content);
    } catch {
      answer.writeHead(404).end();
    }
  }

  #forward(address, target, asked, answer) {
    const { hostname, port } = new URL(address);
    const { method, headers } = asked;
    const out = request({ hostname, port, method, path: target, headers, agent: false }, (from) => {
      answer.writeHead(from.statusCode, from.headers);
      answer.flushHeaders();
      from.pipe(answer);
      const isStream = from.headers['content-type']?.startsWith('text/event-stream');
      if (isStream) this.open.add(asked);
      from.on('error', () => answer.destroy());
      answer.on('close', () => {
        this.open.delete(asked);
        out.destroy();
      });
    });
    out.on('error', () => answer.destroy());
    asked.pipe(out);
  }
}
