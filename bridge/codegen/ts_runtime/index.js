export { clientOf } from './client.js';
export { BridgeError, Code } from './errors.js';
export { eventSource } from './event_source.js';
export { makeGetTarget } from './request.js';
export { retry } from './retry.js';
export { SharedTransport } from './shared.js';
export { directStream, EventStream } from './stream.js';
export { Transport } from './transport.js';
