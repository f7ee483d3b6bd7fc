/** What a status means when the connector knows nothing better. */

import { ConnectorError } from "../error.ts";
import { host } from "../host.ts";
import { parseHttpDate } from "../time.ts";
import type { Http } from "../wire.ts";

/** The error for a status that is no success. */
export function errorOf(status: number, effect: Http.Effect): ConnectorError {
  const write = effect === "write";
  if (write && ((status >= 300 && status < 400) || status === 408 || status >= 500)) {
    return ConnectorError.outcomeUnknown("The provider had trouble, so it is not known whether this was done.");
  }
  switch (status) {
    case 401:
      return ConnectorError.authRequired("The provider does not accept the login any more. Reconnect.");
    case 402:
    case 403:
      return ConnectorError.permissionDenied("The provider does not allow this for the account that connected.");
    case 404:
    case 410:
      return ConnectorError.notFound("The provider does not have this, or hides it from the account that connected.");
    case 409:
    case 412:
    case 423:
      return ConnectorError.conflict("The provider refuses this in the state that it is in.");
    case 400:
    case 413:
    case 415:
    case 422:
      return effect === "read"
        ? ConnectorError.other("The provider refuses the question that this connector asks.")
        : ConnectorError.invalidInput("The provider refuses what was sent.");
    case 429:
      return ConnectorError.rateLimited("The provider asks to wait.");
    case 425:
      return ConnectorError.transient("The provider asks to try again.");
    default:
  }
  if (status === 408 || status >= 500) {
    return ConnectorError.transient("The provider has trouble.");
  }
  return status >= 300 && status < 400
    ? ConnectorError.invalidResponse("The provider answers from another address.")
    : ConnectorError.other("The provider gave an answer that is not understood.");
}

/** The error for an answer that did not come. */
export function errorWithout(trouble: Http.Trouble, asked: string, effect: Http.Effect): ConnectorError {
  const write = effect === "write";
  switch (trouble.tag) {
    case "denied":
      return ConnectorError.other("This connector asked for something that it may not do.").detail(
        `${asked}: ${trouble.val}`,
      );
    case "not-sent":
      return ConnectorError.transient("The provider cannot be reached.").detail(`${asked}: ${trouble.val}`);
    case "unknown":
      return (
        write
          ? ConnectorError.outcomeUnknown("The provider did not answer, so it is not known whether this was done.")
          : ConnectorError.transient("The provider did not answer.")
      ).detail(`${asked}: ${trouble.val}`);
    case "too-large":
      return (
        write
          ? ConnectorError.outcomeUnknown("The provider's answer is too large, so it is not known whether this was done.")
          : ConnectorError.invalidResponse("The provider's answer is too large.")
      ).detail(`${asked} answered with ${trouble.val} bytes`);
    case "stopped":
      return ConnectorError.transient("The run was stopped.").detail(asked);
    case "other":
      // For a write as well: of a step that was answered and whose answer cannot be had again, "unknown" would send a person
      // to look for what is known.
      return ConnectorError.other("The request failed.").detail(`${asked}: ${trouble.val}`);
  }
}

/** `Retry-After` (RFC 9110, section 10.2.3) as milliseconds from now. */
export function retryAfterMs(value: string): number | undefined {
  const text = value.trim();
  if (/^\d{1,12}$/.test(text)) {
    return Number(text) * 1_000;
  }
  const at = parseHttpDate(text);
  return at === undefined ? undefined : Math.max(0, at - host().nowMs());
}
