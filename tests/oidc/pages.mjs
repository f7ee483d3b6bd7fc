// What people see: one form to log in, one to allow or refuse. Plain HTML that a small browser can send.

import { createHash } from 'node:crypto';

/** Who can log in. The business account of the API is the person's own. */
export const users = Object.fromEntries(
  ['els', 'piet', 'an'].map((login) => [
    login,
    { login, password: `${login}-${createHash('sha256').update(`password of ${login}`).digest('hex').slice(0, 18)}` },
  ]),
);

/** The account as oidc-provider asks for it. */
export function findAccount(_ctx, id) {
  if (!users[id]) return undefined;
  return { accountId: id, claims: () => ({ sub: id, name: `Office of ${id}`, email: `${id}@oidc.example` }) };
}

/** Answers `/interaction/UID`: shows the form that is due, or takes what was sent. */
export async function interaction(provider, request, response, body) {
  const details = await provider.interactionDetails(request, response);
  const finish = (result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  const form = new URLSearchParams(body);
  if (request.method === 'POST' && form.get('decision') === 'deny') {
    return finish({ error: 'access_denied', error_description: 'The person refused.' });
  }
  if (details.prompt.name === 'login') {
    if (request.method !== 'POST') return page(response, 200, login(''));
    const user = users[form.get('login') ?? ''];
    if (!user || user.password !== form.get('password')) return page(response, 401, login('This is not right.'));
    return finish({ login: { accountId: user.login } });
  }
  if (request.method !== 'POST') return page(response, 200, consent(details));
  return finish({ consent: { grantId: await grant(provider, details) } });
}

async function grant(provider, { grantId, session, params, prompt }) {
  const known = grantId ? await provider.Grant.find(grantId) : undefined;
  const given = known ?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details;
  if (missingOIDCScope) given.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) given.addOIDCClaims(missingOIDCClaims);
  return given.save();
}

function login(message) {
  return `<h1>Log in</h1><p>${message}</p><form name="login" method="post">
    <label>Name <input name="login"></label>
    <label>Password <input type="password" name="password"></label>
    <button name="decision" value="allow">Log in</button>
    <button name="decision" value="deny">Cancel</button></form>`;
}

function consent({ params, session }) {
  const scopes = String(params.scope ?? '').split(' ').map((scope) => `<li>${escape(scope)}</li>`).join('');
  return `<h1>${escape(params.client_id)} asks ${escape(session.accountId)}</h1><ul>${scopes}</ul>
    <form name="consent" method="post">
    <button name="decision" value="allow">Allow</button>
    <button name="decision" value="deny">Refuse</button></form>`;
}

function page(response, status, html) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><head><title>OpenID provider</title></head><body>${html}</body></html>`);
}

/** A text as it stands in HTML. */
export function escape(text) {
  return String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
}
