// Every call of the token and revocation address, with the names of tokens and never their values, and
// what a test may ask of the next ones: to be held, to be late.

const calls = [];
const names = new Map();
const given = [];
let families = 0;
let holds = [];
let delays = [];
let waiting = [];

/** The name of a token: `refresh:3` is the third refresh token that was given out. */
function nameOf(value) {
  return value ? (names.get(value) ?? 'unknown') : undefined;
}

function learn(kind, value) {
  if (!value || names.has(value)) return nameOf(value);
  const number = [...names.values()].filter((name) => name.startsWith(`${kind}:`)).length + 1;
  names.set(value, `${kind}:${number}`);
  given.push(value);
  return names.get(value);
}

/** Middleware around the provider's own. `applied` holds wait with the answer, the others before the work. */
export async function watch(ctx, next) {
  const kind = { '/token': 'token', '/token/revocation': 'revocation' }[ctx.path];
  if (!kind || ctx.method !== 'POST') return next();
  const form = new URLSearchParams(ctx.req.body ?? '');
  const grant = kind === 'token' ? (form.get('grant_type') ?? '') : 'revocation';
  const call = { number: calls.length + 1, grant, refresh: nameOf(form.get('refresh_token')), status: null, error: null };
  calls.push(call);
  const hold = take(holds, grant);
  if (hold && !hold.applied) await held();
  const delay = take(delays, grant);
  if (delay && !delay.applied) await later(delay.ms);
  await next();
  call.status = ctx.status;
  call.error = ctx.body?.error ?? null;
  call.client = ctx.oidc?.client?.clientId;
  call.gave = learn('refresh', ctx.body?.refresh_token) ?? null;
  call.access = learn('access', ctx.body?.access_token) ?? null;
  if (delay?.applied) await later(delay.ms);
  if (hold?.applied) await held();
}

function take(rules, grant) {
  const at = rules.findIndex((rule) => rule.grant === grant);
  if (at < 0) return undefined;
  const rule = rules[at];
  rule.times -= 1;
  if (rule.times <= 0) rules.splice(at, 1);
  return rule;
}

function held() {
  return new Promise((resolve) => waiting.push(resolve));
}

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A grant ended because a token of it was used twice. */
export function familyRevoked(ctx) {
  if (ctx?.path === '/token') families += 1;
}

/** What a test reads. */
export function report() {
  const count = (grant, ok) => calls.filter((call) => call.grant === grant && (call.status === 200) === ok).length;
  return {
    calls,
    exchanges: count('authorization_code', true),
    refreshes: count('refresh_token', true),
    refused: calls.filter((call) => call.status !== null && call.status !== 200).length,
    client_credentials: count('client_credentials', true),
    revocations: count('revocation', true),
    families_revoked: families,
    held: waiting.length,
  };
}

/** All values of tokens that were ever given out. */
export function values() {
  return given;
}

export function hold(rule) {
  holds.push({ grant: 'refresh_token', applied: false, times: 1, ...rule });
}

export function delay(rule) {
  delays.push({ grant: 'refresh_token', applied: false, times: 1, ms: 0, ...rule });
}

/** Lets go of all that is held, and forgets what was still to be held or late. */
export function release() {
  const held = waiting;
  [waiting, holds, delays] = [[], [], []];
  held.forEach((go) => go());
  return held.length;
}
