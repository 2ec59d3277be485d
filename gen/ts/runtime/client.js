import { SharedTransport } from './shared.js';
import { canUseTabs, TabsTransport } from './tabs_transport.js';
import { Transport } from './transport.js';

/** The class of a client with these services; they are made from a transport. */
export function clientOf(Services) {
  return class Client extends Services {
    #transport;

    constructor(options = {}) {
      const transport =
        options.tabs && !options.separate && canUseTabs()
          ? new TabsTransport(options)
          : new Transport(options);
      super(transport);
      this.#transport = transport;
    }

    shared(options) {
      const transport = this.#transport;
      if (transport.options.separate || transport instanceof TabsTransport) return new Services(transport);
      return new Services(new SharedTransport(transport, options));
    }

    close() {
      this.#transport.close();
    }
  };
}
