// A certified OpenID provider (npm oidc-provider) behind the host's egress rewrite: its issuer is
// https://oidc.example whatever address it is reached at. One port for the world, one for the tests.
// Says where it is on one line of JSON, and ends when its standard input closes.

import { generateKeyPairSync, createHash } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

import { Memory, records } from './adapter.mjs';
import * as journal from './journal.mjs';
import { findAccount, interaction, users } from './pages.mjs';

const ISSUER = 'https://oidc.example';
const HOST = 'oidc.example';
const BODY_BYTES = 64 * 1024;

const secret = (label) => createHash('sha256').update(`patchbay ${label}`).digest('hex').slice(0, 43);
const clients = {
  code: { client_id: 'patchbay-code', client_secret: secret('code') },
  machine: { client_id: 'patchbay-machine', client_secret: secret('machine') },
};
const life = { access: 20 };
const redirects = new Set(['http://127.0.0.1:9/callback']);

// Tests move this provider's time as they move the host's; the libraries read no other clock.
const realNow = Date.now.bind(Date);
let ahead = 0;
Date.now = () => realNow() + ahead;

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const provider = new Provider(ISSUER, {
  adapter: Memory,
  clients: [
    {
      ...clients.machine,
      grant_types: ['client_credentials'],
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
      response_types: [],
      scope: 'records:read',
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  clientBasedCORS: () => false,
  cookies: { keys: [secret('cookies')] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: false },
  },
  findAccount,
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  // Always, so that a connector needs no `offline_access`; one that asks for it is served as well.
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  jwks: { keys: [{ ...key, kid: 'one', use: 'sig', alg: 'ES256' }] },
  pkce: { required: () => true },
  renderError: async (ctx, out) => {
    ctx.type = 'text/plain; charset=utf-8';
    ctx.body = `${out.error}: ${out.error_description ?? ''}`;
  },
  responseTypes: ['code'],
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access', 'records:read', 'records:write'],
  ttl: {
    AccessToken: () => life.access,
    ClientCredentials: () => life.access,
    AuthorizationCode: 60,
    Grant: 30 * 86_400,
    IdToken: 3_600,
    Interaction: 3_600,
    RefreshToken: 14 * 86_400,
    Session: 14 * 86_400,
  },
});
// The host is told http and says Host: oidc.example, as the rewrite does; the real one is reached by TLS.
provider.proxy = true;
provider.use(journal.watch);
provider.on('grant.revoked', journal.familyRevoked);
provider.on('server_error', (_ctx, error) => console.error(error));

/** The client of people's logins, with the redirect addresses of the moment. */
function registerCodeClient() {
  records('Client').set(clients.code.client_id, {
    ...clients.code,
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    redirect_uris: [...redirects],
    response_types: ['code'],
    scope: 'openid offline_access records:read records:write',
    token_endpoint_auth_method: 'client_secret_basic',
  });
}
registerCodeClient();

async function read(request) {
  let body = '';
  for await (const part of request) {
    body += part;
    if (body.length > BODY_BYTES) throw new Error('the body is too large');
  }
  return body;
}

function json(response, status, value, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

/** The API that tokens are for. It says whose a token is, and 401 for a dead one. */
async function api(request, response) {
  const dead = (why) =>
    json(response, 401, { error: 'invalid_token' }, { 'www-authenticate': `Bearer realm="oidc.example"${why}` });
  const value = /^Bearer ([^ ]+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!value) return dead('');
  const token = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value));
  if (!token?.isValid) return dead(', error="invalid_token", error_description="expired or revoked"');
  const whose = token.accountId ?? token.clientId;
  if (request.url.startsWith('/api/me')) {
    return json(response, 200, { id: `business-${whose}`, name: `Office of ${whose}`, login: `${whose}@oidc.example` });
  }
  if (request.url.startsWith('/api/records')) {
    return json(response, 200, [1, 2, 3].map((id) => ({ id, owner: whose, text: `Record ${id}` })));
  }
  return json(response, 404, { error: 'not_found' });
}

const world = createServer(async (request, response) => {
  try {
    const outside = request.headers.host === HOST;
    if (!outside && !/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? '')) {
      return json(response, 421, { error: `host must be ${HOST}, not ${request.headers.host}` });
    }
    request.headers['x-forwarded-proto'] = outside ? 'https' : 'http';
    if (request.url.startsWith('/api/')) return await api(request, response);
    if (request.method === 'POST') request.body = await read(request);
    if (request.url.startsWith('/interaction/')) return await interaction(provider, request, response, request.body);
    return await provider.callback()(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) json(response, 400, { error: String(error.message) });
  }
});

/** Ends what a person has granted, as they can in their account's settings. */
async function revokeGrants(account) {
  let ended = 0;
  for (const [id, grant] of [...records('Grant')]) {
    if (account && grant.accountId !== account) continue;
    records('Grant').delete(id);
    for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode']) await new Memory(model).revokeByGrantId(id);
    ended += 1;
  }
  return ended;
}

const controls = {
  'GET /journal': () => journal.report(),
  'GET /values': () => ({ values: journal.values() }),
  'POST /redirects': ({ uri }) => {
    redirects.add(uri);
    registerCodeClient();
    return { redirects: [...redirects] };
  },
  'POST /revoke': async ({ account }) => ({ ended: await revokeGrants(account) }),
  'POST /expire': () => {
    const ended = records('AccessToken').size + records('ClientCredentials').size;
    records('AccessToken').clear();
    records('ClientCredentials').clear();
    return { ended };
  },
  'POST /hold': (rule) => journal.hold(rule),
  'POST /delay': (rule) => journal.delay(rule),
  'POST /release': () => ({ released: journal.release() }),
  'POST /life': ({ seconds }) => {
    life.access = seconds;
  },
  'POST /advance': ({ ms }) => {
    ahead += ms;
  },
};

const desk = createServer(async (request, response) => {
  try {
    const control = controls[`${request.method} ${request.url}`];
    if (!control) return json(response, 404, { error: 'there is no such control' });
    const body = await read(request);
    return json(response, 200, (await control(body ? JSON.parse(body) : {})) ?? {});
  } catch (error) {
    return json(response, 400, { error: String(error.message) });
  }
});

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));
const [origin, control] = await Promise.all([listen(world), listen(desk)]);
console.log(JSON.stringify({ ready: true, issuer: ISSUER, origin, control, clients, users }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
