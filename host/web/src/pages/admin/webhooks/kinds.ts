/** What endpoints can be told, in words. */
import type { EventKind } from "@patchbay/client";

export const KINDS: Partial<Record<EventKind, string>> = {
  "connection.broken": "A connection needs a person",
  "connection.restored": "A connection works again",
  "connection.created": "A connection was made",
  "connection.changed": "What a list shows of a connection is different",
  "connection.deleted": "A connection was deleted",
  "records.changed": "Records changed",
  "run.failed": "A run failed",
  "push.ended": "A push came to its end",
  "push.unknown": "It is not known whether a push was written",
  "stream.drifted": "Records have fields that they did not have",
  "connector.quarantined": "A release brought the host down",
  "connector.rolled_back": "A release was set back",
  "connector.activated": "New work uses another release",
  "webhook.disabled": "An endpoint failed for days and is switched off",
};

/** Its words; the word of the API for kinds that are newer than this page. */
export function kindWords(kind: EventKind): string {
  return KINDS[kind] ?? (kind === "webhook.test" ? "A test" : kind);
}
