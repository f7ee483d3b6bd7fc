/** Reading an answer. */

import { binary, textOf, textOfAny } from "../bytes.ts";
import { ConnectorError } from "../error.ts";
import { Records, Row } from "../records.ts";
import { elements, find as locate, follow } from "../scan.ts";
import type { Http } from "../wire.ts";
import { find as findLink } from "./link.ts";
import { errorOf, retryAfterMs } from "./status.ts";

const NOTHING = new Uint8Array(0);

/** An answer of the provider, whatever its status. */
export class Response {
  readonly #wire: Http.Response;
  readonly #asked: string;
  readonly #effect: Http.Effect;
  #binary: string | undefined;
  #json: { value: unknown } | undefined;

  /** For the SDK. */
  constructor(wire: Http.Response, asked: string, effect: Http.Effect) {
    this.#wire = wire;
    this.#asked = asked;
    this.#effect = effect;
  }

  /** The status, 200 to 599. */
  get status(): number {
    return this.#wire.status;
  }

  /** Whether the status is 200 to 299, as with `fetch`. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The first header of this name, in any case. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#wire.headers.find(([known]) => known.toLowerCase() === wanted)?.[1];
  }

  /** All headers, in the order received. */
  get headers(): readonly (readonly [string, string])[] {
    return this.#wire.headers;
  }

  /** The body; empty when it was left at the host. */
  bytes(): Uint8Array {
    return this.#wire.body.tag === "bytes" ? this.#wire.body.val : NOTHING;
  }

  /** The body as text; what is no UTF-8 becomes U+FFFD. */
  text(): string {
    return textOfAny(this.bytes());
  }

  /** The blob that holds the body, after `into: "blob"`. */
  get blob(): string | undefined {
    return this.#wire.body.tag === "blob" ? this.#wire.body.val : undefined;
  }

  /** Whether this is the stored answer of a step that an earlier attempt sent. */
  get replayed(): boolean {
    return this.#wire.replayed;
  }

  /** The address of the first link with this relation in the `Link` headers, e.g. `next`. */
  link(relation: string): string | undefined {
    for (const [name, value] of this.#wire.headers) {
      const found = name.toLowerCase() === "link" ? findLink(value, relation) : undefined;
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** What `Retry-After` asks for, milliseconds from now: it may be seconds or a date. */
  retryAfterMs(): number | undefined {
    const value = this.header("retry-after");
    return value === undefined ? undefined : retryAfterMs(value);
  }

  /**
   * This answer, when its status is 200 to 299; else throws by status: 401 `auth-required`, 402 and 403 `permission-denied`,
   * 404 and 410 `not-found`, 409, 412 and 423 `conflict`, 400, 413, 415 and 422 `invalid-input` (`other` for a read), 429
   * `rate-limited` with its wait, 408, 425 and 5xx `transient`, a redirect `invalid-response`, else `other`. For a write 408,
   * 5xx and a redirect are `outcome-unknown`.
   */
  orFail(): this {
    if (!this.ok) {
      throw this.error();
    }
    return this;
  }

  /** The error that `orFail` throws for this status, for a connector that looks closer first. */
  error(): ConnectorError {
    const error = errorOf(this.status, this.#effect)
      .httpStatus(this.status)
      .detail(`${this.#asked} answered ${this.status}`);
    const wait = this.retryAfterMs();
    if (wait !== undefined && (error.case === "rate-limited" || error.case === "transient")) {
      error.retryAfterMs(wait);
    }
    return error;
  }

  /**
   * The body as JSON. Throws `invalid-response` for HTML, an empty body, another media type than JSON, and cut JSON; after a
   * write `outcome-unknown`, because it may well have happened.
   *
   * `T` is what you expect, and nobody checks it: what the provider's documents do not promise, declare as `undefined` too.
   * Numbers are JavaScript's: of a whole one beyond 2^53 the last digits are lost. Records do not come this way.
   */
  json<T = unknown>(): T {
    if (this.#json === undefined) {
      this.#mustBeJson();
      try {
        this.#json = { value: JSON.parse(textOf(this.bytes(), this.#letters())) };
      } catch (error) {
        // The engine's message quotes the text.
        throw this.unreadable(error instanceof URIError ? "text that is not UTF-8" : "JSON that is cut off or none");
      }
    }
    return this.#json.value as T;
  }

  /** The JSON array at this pointer (the whole body when it is left out) as records, passed through byte for byte. */
  records(pointer = ""): Records {
    const [values, span] = this.#array(pointer);
    return Records.whole(this.bytes().slice(span[0], span[1]), values);
  }

  /** The JSON array at this pointer as rows: what each says, and its own text. */
  rows<T = Record<string, unknown>>(pointer = ""): Row<T>[] {
    const [values, span] = this.#array(pointer);
    const text = this.#letters();
    return elements(text, span[0]).map((one, index) => new Row(values[index] as T, text.slice(...one)));
  }

  /** The JSON object at this pointer as one row. */
  row<T = Record<string, unknown>>(pointer = ""): Row<T> {
    const value = follow(this.json(), pointer);
    const span = value === undefined ? undefined : locate(this.#letters(), pointer);
    if (span === undefined) {
      throw this.unreadable(`nothing at ${pointer}`);
    }
    return new Row(value as T, this.#letters().slice(...span));
  }

  /**
   * An `invalid-response` about this answer (`outcome-unknown` after a write): `what` names the shape that came, never the
   * content.
   */
  unreadable(what: string): ConnectorError {
    const error =
      this.#effect === "write"
        ? ConnectorError.outcomeUnknown("The provider's answer cannot be read, so it is not known whether this was done.")
        : ConnectorError.invalidResponse("The provider's answer cannot be read.");
    return error
      .httpStatus(this.status)
      .detail(`${this.#asked} answered ${this.status} with ${this.bytes().length} bytes: ${what}`);
  }

  #array(pointer: string): [unknown[], readonly [number, number]] {
    const values = follow(this.json(), pointer);
    const span = Array.isArray(values) ? locate(this.#letters(), pointer) : undefined;
    if (span === undefined) {
      throw this.unreadable(pointer === "" ? "no list" : `no list at ${pointer}`);
    }
    return [values as unknown[], span];
  }

  #letters(): string {
    this.#binary ??= binary(this.bytes());
    return this.#binary;
  }

  #mustBeJson(): void {
    const start = /^[ \t\r\n]*(.?)/.exec(this.#letters())?.[1] ?? "";
    if (start === "") {
      throw this.unreadable("an empty body instead of JSON");
    }
    if (start === "<") {
      throw this.unreadable("a page of HTML or XML instead of JSON");
    }
    const kind = this.header("content-type");
    if (kind !== undefined && !isJson(kind)) {
      throw this.unreadable("another media type than JSON");
    }
  }
}

/** `application/json`, `application/vnd.x+json`, `text/json`, with parameters or without. */
function isJson(mediaType: string): boolean {
  const essence = (mediaType.split(";")[0] ?? "").trim().toLowerCase();
  return essence === "application/json" || essence === "text/json" || essence.endsWith("+json");
}
