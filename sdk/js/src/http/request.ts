/** Building and sending a request. */

import { utf8 } from "../bytes.ts";
import { ConnectorError } from "../error.ts";
import { host } from "../host.ts";
import { asText, type Id } from "../id.ts";
import { Refused, type Http } from "../wire.ts";
import { Response } from "./response.ts";
import { errorWithout } from "./status.ts";

/** What a request does at the provider; it decides who may send it again. */
export type Effect =
  /** Changes nothing. */
  | "read"
  /** Does no harm when sent twice: a search by POST, an upsert by its own id. */
  | "repeatable"
  /** Must not happen twice. Only in `push`, and with a step. */
  | "write";

/** Which credential the gate puts on a request: the slot that the manifest marks as standard, none, or the slot of this id. */
export type Credential = "standard" | "nothing" | { slot: string };

/** Pairs, or an object; a value that is `undefined` or `null` is left out. */
export type Pairs = Record<string, unknown> | Iterable<readonly [string, unknown]>;

/** One part of a `multipart/form-data` body. */
export interface Part {
  /** The field's name. */
  name: string;
  /** A text, bytes, or a blob whose bytes stay at the host. */
  content: string | Uint8Array | { blob: string };
  /** The file's name, for a file. */
  filename?: string;
  /** Its media type. */
  contentType?: string;
}

/** What `fetch` takes besides the address. */
export interface Options {
  /** Upper case; `GET` when left out. */
  method?: string;
  /** Query parameters, percent-encoded. */
  query?: Pairs;
  /** Headers. The gate refuses those that are its own (`authorization`, `cookie`, `host`, …). */
  headers?: Pairs;
  /** A JSON document. */
  json?: unknown;
  /** Blobs that the gate puts into that document as base64: JSON pointer (to a value that is null) and blob id. */
  blobs?: Record<string, string>;
  /** `application/x-www-form-urlencoded` pairs. */
  form?: Pairs;
  /** `multipart/form-data`. */
  multipart?: Part[];
  /** Bytes, a text or a blob; set the header `content-type` too. */
  body?: string | Uint8Array | { blob: string };
  /** What it does at the provider; `read` when left out. */
  effect?: Effect;
  /** The step of a write. */
  step?: string;
  /** Which credential; the standard one when left out. */
  credential?: Credential;
  /** The answer's body stays at the host, as a blob of at most 50 MiB. */
  into?: "blob";
  /** The whole request's time; the gate's own limit is 120,000. */
  timeoutMs?: number;
}

/**
 * An address made of an origin or base and path segments, each percent-encoded.
 *
 * `http.address("https://api.acme.example/v1", ["files", "a b/c"])` is `https://api.acme.example/v1/files/a%20b%2Fc`. A segment
 * that is empty, `.` or `..` is refused: it would change the path's meaning.
 */
export function address(base: string, segments: readonly Id[]): string {
  let url = base.replace(/\/+$/, "");
  for (const segment of segments) {
    const text = asText(segment, `a path segment after ${url}`);
    if (text === "" || text === "." || text === "..") {
      throw ConnectorError.invalidInput("An id or name is empty or cannot stand in an address.").detail(
        `path segment \`${text}\` after ${url}`,
      );
    }
    url += `/${encoded(text)}`;
  }
  return url;
}

/** A request of any method, upper case. The address is absolute and `https`. */
export function request(method: string, url: string): Request {
  return new Request(method, url);
}

/** A GET request. */
export const get = (url: string): Request => request("GET", url);
/** A HEAD request. */
export const head = (url: string): Request => request("HEAD", url);
/** A POST request; say its `effect`. */
export const post = (url: string): Request => request("POST", url);
/** A PUT request; say its `effect`. */
export const put = (url: string): Request => request("PUT", url);
/** A PATCH request; say its `effect`. */
export const patch = (url: string): Request => request("PATCH", url);
/** A DELETE request; say its `effect`. */
export const del = (url: string): Request => request("DELETE", url);

/**
 * One request in one call, in the words of the web's `fetch`. Nothing is awaited: the host sends, and gives the answer.
 *
 * ```ts
 * const answer = http.fetch(`${API}/notes`, { method: "POST", json: { text }, effect: "write", step: "create" });
 * if (answer.status === 409) { … }
 * ```
 */
export function fetch(url: string, options: Options = {}): Response {
  const one = request(options.method ?? "GET", url);
  for (const [name, value] of pairs(options.query)) {
    one.query(name, value);
  }
  for (const [name, value] of pairs(options.headers)) {
    one.header(name, String(value));
  }
  const bodies = [options.json, options.form, options.multipart, options.body].filter((body) => body !== undefined);
  if (bodies.length > 1) {
    throw mistake(`${one.asked}: one of json, form, multipart and body`);
  }
  if (options.json !== undefined) {
    one.json(options.json, options.blobs);
  } else if (options.form !== undefined) {
    one.form(options.form);
  } else if (options.multipart !== undefined) {
    one.multipart(options.multipart);
  } else if (options.body !== undefined) {
    one.body(options.body);
  }
  one.effect(options.effect ?? "read").credential(options.credential ?? "standard");
  if (options.step !== undefined) {
    one.step(options.step);
  }
  if (options.timeoutMs !== undefined) {
    one.timeoutMs(options.timeoutMs);
  }
  return (options.into === "blob" ? one.intoBlob() : one).send();
}

/** A request that is being built; it does nothing until `send`. */
export class Request {
  readonly #wire: Http.Request;

  constructor(method: string, url: string) {
    this.#wire = {
      method,
      url,
      headers: [],
      body: { tag: "empty" },
      credential: { tag: "standard" },
      effect: "read",
      step: null,
      timeoutMs: null,
      intoBlob: false,
      ext: [],
    };
  }

  /** Adds a query parameter, percent-encoded; none when the value is `undefined` or `null`. */
  query(name: string, value: unknown): this {
    if (value !== undefined && value !== null) {
      const joined = this.#wire.url.includes("?") ? "&" : "?";
      this.#wire.url += `${joined}${encoded(name)}=${encoded(String(value))}`;
    }
    return this;
  }

  /** Adds a header. */
  header(name: string, value: string): this {
    this.#wire.headers.push([name, value]);
    return this;
  }

  /** Sends a JSON document; `blobs` are put into it as base64, by JSON pointer (to a value that is null). */
  json(value: unknown, blobs: Record<string, string> = {}): this {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) {
      throw mistake(`${this.asked}: ${typeof value} is no JSON`);
    }
    const put = Object.entries(blobs).map(([pointer, blob]) => ({ pointer, blob }));
    this.#wire.body = { tag: "json", val: { document: utf8(text), blobs: put } };
    return this;
  }

  /** Sends `application/x-www-form-urlencoded` pairs. */
  form(of: Pairs): this {
    const text = pairs(of).map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`);
    this.#wire.body = { tag: "bytes", val: utf8(text.join("&")) };
    return this.header("content-type", "application/x-www-form-urlencoded");
  }

  /** Sends `multipart/form-data`. */
  multipart(parts: readonly Part[]): this {
    this.#wire.body = { tag: "multipart", val: parts.map(part) };
    return this;
  }

  /** Sends bytes, a text, or a blob; set the header `content-type` too. */
  body(content: string | Uint8Array | { blob: string }): this {
    const held = contentOf(content);
    this.#wire.body = held;
    return this;
  }

  /** Uses another credential than the standard one. */
  credential(credential: Credential): this {
    this.#wire.credential =
      typeof credential === "string" ? { tag: credential } : { tag: "slot", val: credential.slot };
    return this;
  }

  /** Says what the request does at the provider. */
  effect(effect: Effect): this {
    this.#wire.effect = effect;
    return this;
  }

  /**
   * Names the step of a write: `kebab-case`, once in an item, the same on every attempt.
   *
   * A later attempt gets the answer again, when it has at most 64 KiB; of a longer one it gets `other`. So fetch what is long
   * (an export, a file) in a request of its own that only reads.
   */
  step(step: string): this {
    this.#wire.step = step;
    return this;
  }

  /** Limits the whole request, milliseconds. */
  timeoutMs(timeout: number): this {
    this.#wire.timeoutMs = timeout;
    return this;
  }

  /** Leaves the answer's body at the host, as a blob of at most 50 MiB. */
  intoBlob(): this {
    this.#wire.intoBlob = true;
    return this;
  }

  /** What is asked, as far as it may stand in an error. */
  get asked(): string {
    return `${this.#wire.method} ${this.#wire.url.replace(/[?#].*$/s, "")}`;
  }

  /**
   * Sends it and gives the answer, whatever its status; `orFail` turns a bad status into an error.
   *
   * Throws `transient` when nothing was sent, or an answer to a read was lost; `outcome-unknown` when the answer to a write was
   * lost; `other` when the gate does not allow the request, or the answer of an earlier attempt was too long to be kept;
   * `invalid-response` when the answer is too large.
   */
  send(): Response {
    const { effect, step } = this.#wire;
    if (effect === "write" && step === null) {
      throw mistake(`${this.asked}: a write without a step`);
    }
    try {
      return new Response(host().send(this.#wire), this.asked, effect);
    } catch (error) {
      throw error instanceof Refused ? errorWithout(error.trouble, this.asked, effect) : error;
    }
  }
}

function part(one: Part): Http.Part {
  return {
    name: one.name,
    filename: one.filename ?? null,
    contentType: one.contentType ?? null,
    content: contentOf(one.content),
  };
}

function contentOf(content: string | Uint8Array | { blob: string }): Http.Content {
  if (typeof content === "string") {
    return { tag: "bytes", val: utf8(content) };
  }
  return content instanceof Uint8Array ? { tag: "bytes", val: content } : { tag: "blob", val: content.blob };
}

function pairs(of: Pairs | undefined): (readonly [string, unknown])[] {
  const all = of === undefined ? [] : Symbol.iterator in of ? [...(of as Iterable<readonly [string, unknown]>)] : Object.entries(of);
  return all.filter(([, value]) => value !== undefined && value !== null);
}

/** Everything but letters, digits and `-._~` (RFC 3986, section 2.3). */
function encoded(text: string): string {
  const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  return encodeURIComponent(whole).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

function mistake(what: string): ConnectorError {
  return ConnectorError.other("This connector has a mistake.").detail(what);
}
