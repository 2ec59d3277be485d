export { BridgeError, Code } from './errors.js';
export { makeGetTarget } from './request.js';
export { SharedTransport } from './shared.js';
export { directStream, EventStream } from './stream.js';
export { Transport } from './transport.js';
