/**
 * Failures: a closed list of cases, in each of which the host does something different.
 *
 * A connector throws one, and chooses its case by what the host is to do, not by the status it saw. Everything else that is
 * thrown (a `TypeError`, say) is a mistake in the connector: the instance breaks down, which counts against the release, and the
 * run's log says where.
 */

import type { Types } from "./wire.ts";

/** What a failure makes the host do. */
export type Case =
  /** Refresh once; when that does not help, the connection needs its person (*Action Required*). */
  | "auth-required"
  /** Show a *Warning* that names what is missing. */
  | "permission-denied"
  /** Ask the person to change a setting. Not retried. */
  | "invalid-config"
  /** Fail the push; it is never retried. */
  | "invalid-input"
  /** Say that it does not exist, or is hidden. */
  | "not-found"
  /** Say that its state does not allow this. */
  | "conflict"
  /** Wait as told, else a minute. */
  | "rate-limited"
  /** Start the stream afresh. */
  | "cursor-invalid"
  /** Try again, later and later. */
  | "transient"
  /** Never send the write again; look for it, or ask a person. */
  | "outcome-unknown"
  /** End the run; the cursor stays and nothing is deleted. */
  | "invalid-response"
  /** Say that the connector does not do this. */
  | "unsupported"
  /** Show it to a person. */
  | "other";

/**
 * A failure: a case for the host, a message for the person, and what an operator needs besides.
 *
 * Never put a secret or the body of an answer into a text.
 *
 * ```ts
 * throw ConnectorError.invalidConfig("The mailbox does not exist. Choose another one.")
 *   .field("/mailbox", "There is no mailbox of this name.")
 *   .detail("GET /mailboxes/7 answered 404");
 * ```
 */
export class ConnectorError extends Error {
  readonly case: Case;
  #detail: string | undefined;
  #status: number | undefined;
  #code: string | undefined;
  #wait: number | undefined;
  #alone = false;
  #fields: { pointer: string; message: string }[] = [];

  constructor(of: Case, message: string) {
    super(message);
    this.name = "ConnectorError";
    this.case = of;
  }

  /** The provider does not accept the credential. */
  static authRequired(message: string): ConnectorError {
    return new ConnectorError("auth-required", message);
  }

  /** The credential is good, but may not do this; name what is missing. */
  static permissionDenied(message: string): ConnectorError {
    return new ConnectorError("permission-denied", message);
  }

  /** A setting of the connection is wrong. */
  static invalidConfig(message: string): ConnectorError {
    return new ConnectorError("invalid-config", message);
  }

  /** The item to push is wrong. */
  static invalidInput(message: string): ConnectorError {
    return new ConnectorError("invalid-input", message);
  }

  /** What was named does not exist, or is hidden. */
  static notFound(message: string): ConnectorError {
    return new ConnectorError("not-found", message);
  }

  /** What was named is in a state that does not allow this. */
  static conflict(message: string): ConnectorError {
    return new ConnectorError("conflict", message);
  }

  /** Too many requests; say how long to wait with `retryAfterMs`. */
  static rateLimited(message: string): ConnectorError {
    return new ConnectorError("rate-limited", message);
  }

  /** The cursor can no longer be used. */
  static cursorInvalid(message: string): ConnectorError {
    return new ConnectorError("cursor-invalid", message);
  }

  /** Trouble that passes. */
  static transient(message: string): ConnectorError {
    return new ConnectorError("transient", message);
  }

  /** A write may or may not have happened. */
  static outcomeUnknown(message: string): ConnectorError {
    return new ConnectorError("outcome-unknown", message);
  }

  /** The provider sent what cannot be read. */
  static invalidResponse(message: string): ConnectorError {
    return new ConnectorError("invalid-response", message);
  }

  /** The connector has no such stream, picker or action. */
  static unsupported(message: string): ConnectorError {
    return new ConnectorError("unsupported", message);
  }

  /** What no other case names. */
  static other(message: string): ConnectorError {
    return new ConnectorError("other", message);
  }

  /** Adds what an operator needs: which request, which status, what shape came. */
  detail(detail: string): this {
    this.#detail = detail;
    return this;
  }

  /** Replaces the message for the person, keeping case and detail. */
  saying(message: string): this {
    this.message = message;
    return this;
  }

  /** Adds the provider's HTTP status. */
  httpStatus(status: number): this {
    this.#status = status;
    return this;
  }

  /** Adds the provider's own code. */
  providerCode(code: string): this {
    this.#code = code;
    return this;
  }

  /** Adds how long to wait, milliseconds from now. */
  retryAfterMs(wait: number): this {
    this.#wait = Math.max(0, Math.ceil(wait)) || 0;
    return this;
  }

  /**
   * Only this stream of this account has to wait. Without it the whole connection does: every stream, every account.
   *
   * For a `rate-limited` whose limit the provider counts by account or by method, and says so in a body or a header of its
   * own. Where it says so by status 429 with `Retry-After`, the manifest's `[[rate]]` with `alone = true` is enough.
   */
  waitsAlone(): this {
    this.#alone = true;
    return this;
  }

  /** Adds one wrong value, by JSON pointer, e.g. `/title`. */
  field(pointer: string, message: string): this {
    this.#fields.push({ pointer, message });
    return this;
  }

  /** The same failure as another case, for a provider that uses a status in its own way. */
  asCase(other: Case): ConnectorError {
    const error = new ConnectorError(other, this.message);
    error.#detail = this.#detail;
    error.#status = this.#status;
    error.#code = this.#code;
    error.#wait = this.#wait;
    error.#alone = this.#alone;
    error.#fields = [...this.#fields];
    return error;
  }

  /** The provider's HTTP status, where there was one. */
  get status(): number | undefined {
    return this.#status;
  }

  /** How long to wait, milliseconds. */
  get waitMs(): number | undefined {
    return this.#wait;
  }

  /** What is known about it, for the host and for tests. */
  get info(): Types.ErrorInfo {
    return {
      message: this.message,
      detail: this.#detail ?? null,
      httpStatus: this.#status ?? null,
      providerCode: this.#code ?? null,
      retryAfterMs: this.#wait ?? null,
      fields: this.#fields.map((field) => ({ ...field })),
      ext: this.#alone ? [{ key: "waits", value: "alone" }] : [],
    };
  }
}
