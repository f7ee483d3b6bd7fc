/** Whose business account it is, and which accounts it reaches. */

import type { Id } from "./id.ts";

/** The answer of `identify`. */
export interface Identity {
  /** The provider's id of the business account; one that does not change when it is renamed. */
  id: Id;
  /** What people call it. */
  name: string;
  /** E-mail or login behind the credential. */
  login?: string | null | undefined;
  /** What can be selected, at most 10,000; left out when the connection is its only account. */
  accounts?: Account[] | undefined;
  /** Told to the connector as `ctx.fact(…)` with each later call; never a secret. */
  facts?: Record<string, string> | undefined;
  /** Scopes that were really granted, where the provider says so. */
  scopes?: string[] | undefined;
  /** When the credential ends, milliseconds since 1970, where the provider says so. */
  credentialEndsMs?: number | undefined;
}

/** Something selectable under one credential. */
export interface Account {
  /** The provider's id; one that does not change. */
  id: Id;
  /** What people call it. */
  name: string;
  /** Whether it can be read; true when left out. */
  usable?: boolean | undefined;
  /** Whether it is read without anybody choosing it, where it is new; true when left out. */
  selected?: boolean | undefined;
  /** Why it cannot be read, or what to know about it. */
  note?: string | null | undefined;
  /** Told to the connector as `ctx.accountFact(…)` with each call for this account; never a secret. */
  facts?: Record<string, string> | undefined;
}
