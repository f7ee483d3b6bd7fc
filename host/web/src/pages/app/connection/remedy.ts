/** How a connection stands, why, and the one thing that mends it. The same words in the list and on the page. */
import type { Connection, ConnectionDetail } from "@patchbay/client";
import type { Tone } from "~/ui/Status";

/** What mends something: a thing to do here, or the tab where it is done. */
export type Remedy = { do: "reconnect" | "switch_on"; label: string } | { tab: Tab; label: string };

/** The tabs of a connection's page, as its address names them. */
export const TABS = ["overview", "data", "runs", "sent", "settings"] as const;
export type Tab = (typeof TABS)[number];

export interface Standing {
  /** For `Status`. */
  state: string;
  word?: string;
  tone?: Tone;
  /** In a sentence; nothing where all is well. */
  why?: string;
  /** Of the error, whose page says more. */
  code?: string;
  remedy?: Remedy;
}

/** First that fits: what a person has to do comes before what only troubles. */
export function standing(connection: Connection | ConnectionDetail): Standing {
  const { reason, warnings } = connection;
  switch (connection.state) {
    case "broken":
      return { state: "action_required", why: reason?.detail ?? "The provider no longer accepts the login.", ...coded(reason), remedy: { do: "reconnect", label: "Reconnect" } };
    case "needs_setup":
      return { state: "action_required", why: reason?.detail ?? "No account is chosen yet, so nothing is read.", ...coded(reason), remedy: { tab: "data", label: "Choose accounts" } };
    case "pending":
      return { state: "pending", why: "The login is done and waits for your application to confirm it. If nobody does within ten minutes, it is dropped." };
    default:
  }
  if (!connection.enabled) {
    return { state: "off", word: "Switched off", tone: "none", why: "Nothing is read or written while it is switched off.", remedy: { do: "switch_on", label: "Switch on" } };
  }
  const [first] = warnings;
  if (first === undefined) return { state: "active" };
  return { state: "warning", why: warningWords(first), code: first.code, remedy: remedyOf(first) };
}

/** One thing to know of a connection that works. */
export type Warning = Connection["warnings"][number];

/** In a sentence; `title` is what people call the stream, where that is known. */
export function warningWords({ text, stream }: Warning, title = stream): string {
  return title === null ? text : `${title}: ${text}`;
}

function coded(reason: { code: string } | null): { code?: string } {
  return reason === null ? {} : { code: reason.code };
}

/** How its accounts stand, in the words of the list. */
export function accountsWord({ account_status, account_count }: Pick<Connection, "account_status" | "account_count">): string {
  switch (account_status) {
    case "loading_accounts": return "Loading accounts";
    case "no_accounts": return "No accounts";
    case "accounts": return account_count === 1 ? "1 account" : `${account_count.toLocaleString("en-GB")} accounts`;
    case "error": return "Error";
  }
}

/** Where a warning is mended: with what was sent, or with what is read. */
export function remedyOf({ pushes }: Warning): { tab: Tab; label: string } {
  return pushes === null ? { tab: "data", label: "See the streams" } : { tab: "sent", label: "See what was sent" };
}
