/** What a connector is told about the connection it works for. Never holds a secret. */

import { textOf } from "./bytes.ts";
import { ConnectorError } from "./error.ts";

/** What a context is made of, in a test. */
export interface Told {
  auth?: string | undefined;
  account?: string | null | undefined;
  facts?: Record<string, string> | undefined;
  accountFacts?: Record<string, string> | undefined;
  settings?: unknown;
  config?: unknown;
}

/** The connection that a call is for. */
export class Context {
  /** Id of the auth method in use, as the manifest spells it. */
  readonly auth: string;
  /** Id of the selected account, for a stream that is read per account. */
  readonly account: string | undefined;
  /** Facts of the connection, from the login and from `identify`. */
  readonly facts: ReadonlyMap<string, string>;
  /** Facts of the account, from `identify`. */
  readonly accountFacts: ReadonlyMap<string, string>;
  readonly #settings: unknown;
  readonly #config: unknown;

  constructor(told: Told = {}) {
    this.auth = told.auth ?? "";
    this.account = told.account ?? undefined;
    this.facts = new Map(Object.entries(told.facts ?? {}));
    this.accountFacts = new Map(Object.entries(told.accountFacts ?? {}));
    this.#settings = told.settings === undefined ? {} : told.settings;
    this.#config = told.config === undefined ? {} : told.config;
  }

  /** The selected account's id; `invalid-config` when none is selected. */
  accountId(): string {
    if (this.account === undefined) {
      throw ConnectorError.invalidConfig("Choose an account for this connection first.");
    }
    return this.account;
  }

  /** A fact of the connection; `auth-required` when the login did not tell it: a new login does. */
  fact(key: string): string {
    return known(this.facts, key);
  }

  /** A fact of the selected account; `auth-required` when `identify` did not tell it. */
  accountFact(key: string): string {
    return known(this.accountFacts, key);
  }

  /** The connection's settings: an object that fits the manifest's schema, in which members may be absent. */
  settings<T extends object = Record<string, unknown>>(): Partial<T> {
    return object<T>(this.#settings, "settings");
  }

  /** The manifest's `[config]` with the operator's corrections. */
  config<T extends object = Record<string, unknown>>(): T {
    return object<T>(this.#config, "configuration") as T;
  }
}

/** A JSON document of the host as a value; one that is empty, or no JSON, is told apart by `object`. */
export function document(bytes: Uint8Array): unknown {
  if (bytes.length === 0) {
    return {};
  }
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

function known(facts: ReadonlyMap<string, string>, key: string): string {
  const value = facts.get(key);
  if (value === undefined) {
    throw ConnectorError.authRequired("Something about this account is not known yet. Reconnect it.").detail(
      `the fact \`${key}\` is missing`,
    );
  }
  return value;
}

function object<T>(value: unknown, what: string): Partial<T> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw ConnectorError.invalidConfig(`The ${what} of this connection cannot be used.`).detail(`${what}: no object`);
  }
  return value as Partial<T>;
}
