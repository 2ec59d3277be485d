// Refusals.

// google.rpc.Code, with the HTTP status of its mapping.
const kCodes = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

async function each(t, use) {
  for (const request of t.target.errors) {
    const response = await t.send(request);
    await use(response, request, `${request.method} ${request.path}`);
  }
}

async function errorOf(t, response, name) {
  const text = (await response.body()).toString('utf8');
  let error;
  try {
    ({error} = JSON.parse(text));
  } catch {
    t.fail(`${name}: the body is no JSON: ${JSON.stringify(text.slice(0, 80))}`);
  }
  t.expect(typeof error === 'object' && error !== null, `${name}: no "error" in ${text.slice(0, 80)}`);
  return error;
}

export default {
  group: 'errors',
  title: 'Refusals',
  checks: [
    {
      name: 'error-status',
      level: 'must',
      needs: ['errors'],
      rule: 'RFC 9110 15',
      text: 'Each request that must be refused has the status that the target says.',
      run: (t) =>
        each(t, (response, {status}, name) =>
          t.expect(response.status === status, `${name}: ${response.status} instead of ${status}`),
        ),
    },
    {
      name: 'error-body',
      level: 'should',
      needs: ['errors'],
      rule: 'AIP-193 (HTTP/1.1+JSON)',
      text: 'The body is {"error": {"code", "status", "message"}} with the HTTP status as code.',
      run: (t) =>
        each(t, async (response, request, name) => {
          const error = await errorOf(t, response, name);
          t.expect(
            error.code === response.status &&
              typeof error.status === 'string' &&
              typeof error.message === 'string' &&
              error.message !== '',
            `${name}: ${JSON.stringify(error)}`,
          );
        }),
    },
    {
      name: 'error-content-type',
      level: 'should',
      needs: ['errors'],
      rule: 'RFC 9110 8.3; RFC 8259 11',
      text: 'It is application/json.',
      run: (t) =>
        each(t, (response, request, name) =>
          t.expect(
            /^application\/(problem\+)?json\b/.test(response.header('content-type') ?? ''),
            `${name}: Content-Type: ${response.header('content-type')}`,
          ),
        ),
    },
    {
      name: 'error-code-names',
      level: 'should',
      needs: ['errors'],
      rule: 'AIP-193; google/rpc/code.proto',
      text: 'Its status is a name of google.rpc.Code, whose mapping is the HTTP status.',
      run: (t) =>
        each(t, async (response, request, name) => {
          const error = await errorOf(t, response, name);
          t.expect(error.status in kCodes, `${name}: status ${JSON.stringify(error.status)}`);
          // Codes have no 405, 406 and so on: there the HTTP status says more.
          const mapped = Object.values(kCodes).includes(response.status);
          t.expect(
            !mapped || kCodes[error.status] === response.status,
            `${name}: ${error.status} with ${response.status}`,
          );
        }),
    },
    {
      name: 'error-details',
      level: 'should',
      needs: ['errors'],
      rule: 'AIP-193 (details)',
      text: 'Its details, if any, are a list of objects with "@type".',
      run: (t) =>
        each(t, async (response, request, name) => {
          const {details = []} = await errorOf(t, response, name);
          t.expect(
            Array.isArray(details) && details.every((one) => typeof one['@type'] === 'string'),
            `${name}: ${JSON.stringify(details)}`,
          );
        }),
    },
    {
      name: 'error-401-challenge',
      level: 'must',
      needs: ['errors'],
      rule: 'RFC 9110 15.5.2, 11.6.1',
      text: '401 has a WWW-Authenticate with at least one challenge.',
      async run(t) {
        let seen = false;
        await each(t, (response, request, name) => {
          if (response.status !== 401) return;
          seen = true;
          t.expect(/^[A-Za-z]/.test(response.header('www-authenticate') ?? ''), `${name}: none`);
        });
        if (!seen) t.notOffered('no --error is a 401');
      },
    },
    {
      name: 'error-405-allow',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9110 15.5.6',
      text: '405 has Allow.',
      async run(t) {
        const response = await t.send(t.target.endless, {method: 'DELETE'});
        if (response.status !== 405) t.notOffered(`DELETE of a stream is answered with ${response.status}`);
        t.expect(response.header('allow') !== undefined, 'there is no Allow');
        t.expect(!response.list('allow').includes('delete'), `Allow: ${response.header('allow')}`);
      },
    },
    {
      name: 'error-unknown-method',
      level: 'should',
      needs: ['endless'],
      rule: 'RFC 9110 9.1',
      text: 'A method that nobody knows is refused with 501, 405 or 400.',
      async run(t) {
        const response = await t.send(t.target.endless, {method: 'BREW'});
        t.expect([400, 405, 501].includes(response.status), `the status is ${response.status}`);
      },
    },
    {
      name: 'error-method-has-case',
      level: 'must',
      needs: ['endless'],
      rule: 'RFC 9110 9.1',
      text: 'Methods have a case: "get" is not GET.',
      async run(t) {
        const response = await t.send(t.target.endless, {method: 'get'});
        t.expect(response.status >= 400, `the status is ${response.status}`);
      },
    },
    {
      name: 'error-retry-after',
      level: 'must',
      needs: ['errors'],
      rule: 'RFC 9110 10.2.3',
      text: 'Retry-After is a number of seconds or a date.',
      async run(t) {
        let seen = false;
        await each(t, (response, request, name) => {
          const value = response.header('retry-after');
          if (value === undefined) return;
          seen = true;
          t.expect(/^\d+$/.test(value) || !Number.isNaN(Date.parse(value)), `${name}: Retry-After: ${value}`);
        });
        if (!seen) t.notOffered('no answer has one');
      },
    },
    {
      name: 'error-is-not-stored',
      level: 'practice',
      needs: ['errors'],
      rule: 'RFC 9110 15.1; RFC 9111 4.2.2',
      text: 'Errors that caches may keep by default (404, 405, 410, 414, 501) say for how long, or no-store.',
      run: (t) =>
        each(t, (response, request, name) => {
          if (request.method !== 'GET' || ![404, 405, 410, 414, 501].includes(response.status)) return;
          const words = response.list('cache-control');
          t.expect(words.length > 0 || response.header('expires') !== undefined, `${name}: no Cache-Control`);
        }),
    },
    {
      name: 'error-keeps-framing',
      level: 'must',
      needs: ['errors'],
      rule: 'RFC 9112 9.3, 9.6',
      text: 'After an error the connection closes if the head said so; else it serves the next request.',
      run: (t) =>
        each(t, async (response) => {
          await response.body();
          if (response.list('connection').includes('close')) {
            t.expect(await response.connection.ends(t.deadline), 'the connection stays open');
          } else {
            await t.send(t.ordinary, {connection: response.connection});
          }
        }),
    },
  ],
};
