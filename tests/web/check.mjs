// What a journey says when something does not hold.

/** Fails with the sentence unless it holds. */
export function holds(condition, sentence) {
  if (!condition) throw new Error(`it does not hold: ${sentence}`);
}

/** Fails unless both are the same, as JSON. */
export function same(found, wanted, sentence) {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  holds(a === b, `${sentence}: ${a}, not ${b}`);
}

/** Asks until there is something (neither null, undefined nor false), at most `seconds`. */
export async function until(sentence, ask, seconds = 30) {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== null && found !== false) return found;
    holds(Date.now() < end, `${sentence}, within ${seconds} s`);
    await new Promise((again) => setTimeout(again, 100));
  }
}

/** Calls the host's API; `caller` is `{ key }`, with `tenant` for an operator's. */
export async function call(world, caller, method, path, body) {
  const headers = { Authorization: `Bearer ${caller.key}`, ...(caller.tenant ? { "Patchbay-Tenant": caller.tenant } : {}) };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${world.base}${path}`, { method, headers: { ...headers, "Content-Type": "application/json" }, ...json });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
