// JSON Schemas of an OpenAPI document, made strict enough to find what the
// document does not tell.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A copy in which objects have no members but those that are named. */
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closed(each)]));
  // What has no properties by name may hold anything (Struct, Any).
  const named = Object.keys(copy.properties ?? {}).filter((name) => name !== '@type');
  if (copy.type === 'object' && named.length > 0 && !('additionalProperties' in copy)) {
    copy.additionalProperties = false;
  }
  // The data of an event is JSON in a string: it is checked as JSON.
  if (copy.contentMediaType === 'application/json') return copy.contentSchema;
  return copy;
}

export class Document {
  constructor(document) {
    this.document = document;
    this.sampled = new Set();
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    for (const format of ['uint32', 'uint64']) this.ajv.addFormat(format, true);
    this.ajv.addSchema(closed(document), 'document');
  }

  /** Every operation, as "get /path". */
  get operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((verb) => `${verb} ${path}`),
    );
  }

  #pointer(steps) {
    const encode = (step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
    return `document#/${steps.map(encode).join('/')}`;
  }

  #response(operation, status) {
    const [verb, path] = operation.split(' ');
    const { responses } = this.document.paths[path][verb];
    const { $ref } = responses[status] ?? responses.default;
    return $ref ? $ref.slice(2).split('/') : ['paths', path, verb, 'responses', status];
  }

  /** The media types of an answer, each with what the document says of it. */
  content(operation, status) {
    this.sampled.add(`${operation} ${status}`);
    const [verb, path] = operation.split(' ');
    return this.document.paths[path][verb].responses[status].content;
  }

  /** What is wrong with a body of the operation; null when nothing is. */
  problems(operation, status, media, value, what = 'schema') {
    this.sampled.add(`${operation} ${status}`);
    const steps = [...this.#response(operation, String(status)), 'content', media, what];
    const validate = this.ajv.compile({ $ref: this.#pointer(steps) });
    return validate(value) ? null : this.ajv.errorsText(validate.errors);
  }

  /** The same of one event: { event, id, data }, its data parsed. */
  eventProblems(operation, event) {
    return this.problems(operation, 200, 'text/event-stream', event, 'itemSchema');
  }

  /** Whether a request body is what the operation takes. */
  bodyProblems(operation, body) {
    const [verb, path] = operation.split(' ');
    const steps = ['paths', path, verb, 'requestBody', 'content', 'application/json', 'schema'];
    const validate = this.ajv.compile({ $ref: this.#pointer(steps) });
    return validate(body) ? null : this.ajv.errorsText(validate.errors);
  }
}
