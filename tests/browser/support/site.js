// Somebody's own site: a page that uses the generated client, and a proxy to
// the bridge whose network can fall silent.

import {readFileSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {join, normalize} from 'node:path';

import {root} from './programs.js';

const kPage = `<!doctype html>
<script type="module">
  import {createClient} from '/site/client/index.js';
  window.createClient = createClient;
</script>`;

export class Site {
  // `bridge()` is the bridge's address, `token()` a token for the page;
  // `client` the folder of the generated client.
  static async start({bridge, token, client = join(root, 'gen/ts')}) {
    const site = new Site(bridge, token, client);
    await new Promise((resolve) => site.#server.listen(0, '127.0.0.1', resolve));
    site.url = `http://127.0.0.1:${site.#server.address().port}`;
    return site;
  }

  #server = createServer((asked, answer) => this.#serve(asked, answer));
  #silent = false;
  #waiting = [];
  #streams = new Set();

  constructor(bridge, token, client) {
    this.bridge = bridge;
    this.token = token;
    this.client = client;
    this.tokens = 0;
  }

  // How many streams the bridge has open for pages of this site.
  get streams() {
    return [...this.#streams].filter(({from}) =>
      from.headers['content-type']?.startsWith('text/event-stream')).length;
  }

  // From now on no byte goes through, and nobody is told.
  silence() {
    this.#silent = true;
    for (const {from, answer} of this.#streams) from.unpipe(answer).pause();
  }

  // What was open is lost; what was asked meanwhile is asked now.
  wake() {
    this.#silent = false;
    for (const {from, answer} of this.#streams) {
      from.destroy();
      answer.destroy();
    }
    for (const go of this.#waiting.splice(0)) go();
  }

  stop() {
    this.wake();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #serve(asked, answer) {
    const {pathname} = new URL(asked.url, 'http://site');
    if (!pathname.startsWith('/site/')) {
      const go = () => this.#forward(asked, answer);
      if (this.#silent) this.#waiting.push(go);
      else go();
      return;
    }
    const [, , what, ...rest] = pathname.split('/');
    if (what === '') {
      answer.setHeader('Content-Type', 'text/html').end(kPage);
    } else if (what === 'token') {
      this.tokens += 1;
      answer.setHeader('Cache-Control', 'no-store').end(this.token(this.tokens));
    } else {
      const file = join(this.client, normalize(rest.join('/')));
      answer.setHeader('Content-Type', 'text/javascript').end(readFileSync(file));
    }
  }

  #forward(asked, answer) {
    const {hostname, port} = new URL(this.bridge());
    const lost = () => answer.destroy();
    const {method, url: path, headers} = asked;
    const out = request({hostname, port, method, path, headers, agent: false}, (from) => {
      answer.writeHead(from.statusCode, from.headers);
      answer.flushHeaders();
      const stream = {from, answer};
      this.#streams.add(stream);
      if (this.#silent) from.pause();
      else from.pipe(answer);
      from.on('error', lost).on('aborted', lost);
      answer.on('close', () => {
        this.#streams.delete(stream);
        out.destroy();
      });
    });
    out.on('error', lost);
    asked.on('error', lost).pipe(out);
  }
}
