// Pages of other origins (Fetch: CORS protocol).

const kForeign = 'https://foreign.example';

const allows = (response, origin) => ['*', origin].includes(response.header('access-control-allow-origin'));

async function preflight(t, headers = 'authorization, last-event-id') {
  const {path} = t.target.endless;
  // Browsers send preflights without credentials.
  const response = await t.send(
    {method: 'OPTIONS', path, headers: {}},
    {
      extra: {
        Authorization: null,
        Cookie: null,
        Origin: t.target.origin,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': headers,
      },
    },
  );
  return response;
}

export default {
  group: 'cors',
  title: 'Pages of other origins',
  checks: [
    {
      name: 'cors-stream',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: CORS check',
      text: 'A stream names the allowed origin, or *.',
      async run(t) {
        const {response} = await t.stream(t.target.endless, {extra: {Origin: t.target.origin}});
        t.expect(
          allows(response, t.target.origin),
          `Access-Control-Allow-Origin: ${response.header('access-control-allow-origin')}`,
        );
      },
    },
    {
      name: 'cors-error',
      level: 'practice',
      needs: ['errors', 'origin'],
      rule: 'Fetch: CORS check',
      text: 'So does an error, or the page cannot see its status.',
      async run(t) {
        for (const request of t.target.errors) {
          const response = await t.send(request, {extra: {Origin: t.target.origin}});
          t.expect(allows(response, t.target.origin), `${request.path}: it does not`);
        }
      },
    },
    {
      name: 'cors-foreign',
      level: 'practice',
      needs: ['endless', 'origin'],
      rule: 'Fetch: HTTP responses of the CORS protocol',
      text: 'An origin that is not allowed is not named, nor is "null".',
      async run(t) {
        for (const origin of [kForeign, 'null']) {
          const response = await t.send(t.target.endless, {extra: {Origin: origin}});
          const allowed = response.header('access-control-allow-origin');
          t.expect(allowed !== origin, `Access-Control-Allow-Origin: ${allowed}`);
        }
      },
    },
    {
      name: 'cors-credentials',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: CORS protocol and credentials',
      text: 'Access-Control-Allow-Credentials is "true" if it is there, and never beside *.',
      async run(t) {
        const {response} = await t.stream(t.target.endless, {extra: {Origin: t.target.origin}});
        const value = response.header('access-control-allow-credentials');
        t.expect(
          value === undefined || (value === 'true' && response.header('access-control-allow-origin') !== '*'),
          `${value} beside ${response.header('access-control-allow-origin')}`,
        );
      },
    },
    {
      name: 'cors-vary',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: CORS protocol and HTTP caches',
      text: 'If the answer names one origin, it has Vary: Origin.',
      async run(t) {
        const {response} = await t.stream(t.target.endless, {extra: {Origin: t.target.origin}});
        const allowed = response.header('access-control-allow-origin');
        if (allowed === undefined || allowed === '*') t.notOffered('no origin is named');
        t.expect(response.list('vary').includes('origin'), `Vary: ${response.header('vary') ?? '(none)'}`);
      },
    },
    {
      name: 'cors-preflight',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: CORS-preflight fetch',
      text: 'A preflight, which has no credentials, is answered with 2xx and the origin.',
      async run(t) {
        const response = await preflight(t);
        t.expect(response.status >= 200 && response.status < 300, `the status is ${response.status}`);
        t.expect(allows(response, t.target.origin), 'it does not name the origin');
      },
    },
    {
      name: 'cors-preflight-headers',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: CORS-preflight fetch',
      text: 'It allows Authorization, which * does not cover, and Last-Event-ID.',
      async run(t) {
        const allowed = (await preflight(t)).list('access-control-allow-headers');
        t.expect(allowed.includes('authorization'), `Access-Control-Allow-Headers: ${allowed.join(', ')}`);
        t.expect(
          allowed.includes('*') || allowed.includes('last-event-id'),
          `Access-Control-Allow-Headers: ${allowed.join(', ')}`,
        );
      },
    },
    {
      name: 'cors-preflight-age',
      level: 'must',
      needs: ['endless', 'origin'],
      rule: 'Fetch: HTTP responses of the CORS protocol',
      text: 'Access-Control-Max-Age, if any, is a number of seconds.',
      async run(t) {
        const age = (await preflight(t)).header('access-control-max-age');
        if (age === undefined) t.notOffered('there is none');
        t.expect(/^\d+$/.test(age), `Access-Control-Max-Age: ${age}`);
      },
    },
  ],
};
