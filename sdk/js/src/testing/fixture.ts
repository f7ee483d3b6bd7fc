/**
 * The file format of recorded answers: one for the SDKs' tests, for `patchbay check` and for `patchbay record`.
 *
 * A fixture is one call of a connector and the provider's part of it; `plugins/README.md` has the whole format. Here its
 * exchanges are played to a connector that runs natively, by the same rules as in the host's suite.
 */

import { fromBinary, utf8 } from "../bytes.ts";
import { Refused, type Http } from "../wire.ts";

/** One request and its answer. */
export interface Exchange {
  request: {
    method: string;
    url: string;
    headers?: Record<string, string>;
    body?: unknown;
    effect?: Http.Effect;
    step?: string;
    credential?: string;
  };
  answer: {
    status?: number;
    headers?: Record<string, string>;
    body?: unknown;
    text?: string;
    base64?: string;
    fails?: Http.Trouble["tag"];
  };
}

/** One call and the provider's part of it, or only the latter. */
export interface Fixture {
  fixture: 1;
  call?: unknown;
  context?: unknown;
  now?: string;
  exchanges: Exchange[];
}

/** Reads a fixture of either form: as text, parsed, or as a bare list of exchanges. */
export function parse(of: string | Fixture | Exchange[]): Fixture {
  const value = (typeof of === "string" ? JSON.parse(of) : of) as Fixture | Exchange[];
  const fixture = Array.isArray(value) ? { fixture: 1 as const, exchanges: value } : value;
  if (fixture.fixture !== 1 || !Array.isArray(fixture.exchanges)) {
    throw new Error("this is no fixture: it says `fixture: 1`, and has `exchanges`");
  }
  for (const { request } of fixture.exchanges) {
    if ((request.effect === "write") !== (request.step !== undefined)) {
      throw new Error(`${request.method} ${request.url}: a write names its step, and only a write`);
    }
  }
  return fixture;
}

/** Whether a request has the method and address that an exchange waits for. */
export function isFor(exchange: Exchange, asked: Http.Request): boolean {
  return exchange.request.method === asked.method && address(exchange.request.url) === address(asked.url);
}

/** What else about the request is not as expected. */
export function difference(exchange: Exchange, asked: Http.Request): string | undefined {
  const { headers = {}, body, effect = "read", step, credential = "standard" } = exchange.request;
  for (const [name, value] of Object.entries(headers)) {
    const found = asked.headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
    if (found !== value) {
      return found === undefined ? `header ${name} is missing` : `header ${name} is \`${found}\`, not \`${value}\``;
    }
  }
  const wanted = asked.credential.tag === "slot" ? asked.credential.val : asked.credential.tag;
  const pairs: [string, unknown, unknown][] = [
    ["effect", asked.effect, effect],
    ["step", asked.step ?? undefined, step],
    ["credential", wanted, credential],
  ];
  for (const [name, found, expected] of pairs) {
    if (found !== expected) {
      return `${name} is ${String(found)}, not ${String(expected)}`;
    }
  }
  const sent = json(asked.body);
  return body === undefined || same(sent, body)
    ? undefined
    : `body is ${JSON.stringify(sent ?? null)}, not ${JSON.stringify(body)}`;
}

/** The answer, as the host would give it; a body that is to stay there goes to `keep`, which gives the id of its blob. */
export function answer(exchange: Exchange, keep?: (bytes: Uint8Array) => string): Http.Response {
  const { status = 200, headers = {}, body, text, base64, fails } = exchange.answer;
  if (fails !== undefined) {
    const said = "the fixture says so";
    throw new Refused(
      fails === "too-large"
        ? { tag: fails, val: Number.MAX_SAFE_INTEGER }
        : fails === "stopped"
          ? { tag: fails }
          : { tag: fails, val: said },
    );
  }
  const told: [string, string][] = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  if (body !== undefined && !told.some(([name]) => name === "content-type")) {
    told.push(["content-type", "application/json"]);
  }
  const bytes =
    body !== undefined
      ? utf8(JSON.stringify(body))
      : base64 !== undefined
        ? fromBinary(atob(base64))
        : utf8(text ?? "");
  const held: Http.Content = keep === undefined ? { tag: "bytes", val: bytes } : { tag: "blob", val: keep(bytes) };
  return { status, headers: told, body: held, replayed: false, ext: [] };
}

/** The body as JSON, where it is JSON. */
export function json(body: Http.Body): unknown {
  const bytes = body.tag === "json" ? body.val.document : body.tag === "bytes" ? body.val : undefined;
  try {
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** An address apart from the order and spelling of its query parameters. */
function address(url: string): string {
  const [path, query = ""] = url.split(/\?(.*)/s);
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2).map(decoded));
  return JSON.stringify([path, pairs.map(([name, value = ""]) => JSON.stringify([name, value])).sort()]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether two JSON values are equal; the order of members does not matter. */
function same(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  const [names, others] = [Object.keys(one), Object.keys(other)];
  const at = (value: object, name: string): unknown => (value as Record<string, unknown>)[name];
  return (
    Array.isArray(one) === Array.isArray(other) &&
    names.length === others.length &&
    names.every((name) => Object.hasOwn(other, name) && same(at(one, name), at(other, name)))
  );
}
