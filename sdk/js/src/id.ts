/**
 * Ids and other texts on their way to the host.
 *
 * A type is not a check: what `json<T>()` was told to expect can be missing in the provider's answer, and `String` would make the
 * id "undefined" of it, one for all. So what becomes a text comes through here. What does not fit is thrown and is no
 * `ConnectorError`: a mistake in the connector, like any other.
 */

/** An id, as the provider has it: providers number as well as name. */
export type Id = string | number | bigint;

/** An id as text, never an empty one. `what` names it for the author: whose id, in which function's answer. */
export function asId(value: unknown, what: string): string {
  if (value === "") {
    throw new TypeError(`${what} is an empty text`);
  }
  return asText(value, what);
}

/** A text as it is, also an empty one, or a whole number as its digits. */
export function asText(value: unknown, what: string): string {
  if (typeof value === "string") {
    return value;
  }
  if (typeof value === "bigint" || Number.isSafeInteger(value)) {
    return String(value);
  }
  if (Number.isInteger(value)) {
    throw new TypeError(`${what} is a number beyond 2^53 and has lost its last digits: take it out of \`answer.text()\``);
  }
  throw new TypeError(`${what} is ${kind(value)}, not a text or a whole number`);
}

/** What it is, and never what it says. */
function kind(value: unknown): string {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? "a number with a fraction" : String(value);
    case "boolean":
      return "true or false";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
    default:
      return typeof value;
  }
}
