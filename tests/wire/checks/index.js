import compression from './compression.js';
import cors from './cors.js';
import ends from './ends.js';
import errors from './errors.js';
import http2 from './http2.js';
import http2Requests from './http2_requests.js';
import requestFraming from './request_framing.js';
import requests from './requests.js';
import responses from './responses.js';
import resume from './resume.js';
import framing from './stream_framing.js';
import stream from './stream_response.js';

/** One for each file of this folder; one or more rules, each with the server that breaks it in testing/. */
export const kGroups = [
  stream,
  framing,
  resume,
  ends,
  errors,
  requests,
  requestFraming,
  responses,
  cors,
  compression,
  http2,
  http2Requests,
];
