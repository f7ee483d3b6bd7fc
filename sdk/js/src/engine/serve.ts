/**
 * From the contract's calls to the connector's functions, and back.
 *
 * The build makes a small file that calls `serve` with the author's connector and with the parts that its manifest needs; what
 * it gives back is what the component exports. Whatever goes wrong in the author's code ends here: a `ConnectorError` goes to
 * the host as it is. Everything else is a mistake in the connector: its place goes to the run's log, and the instance ends by
 * an exception that nobody catches, as it does in the other languages, so that the host knows that the code broke down.
 */

import type { Connector } from "../connector.ts";
import { Context, document } from "../context.ts";
import { ConnectorError } from "../error.ts";
import { install } from "../host.ts";
import { asId, asText } from "../id.ts";
import type { Account, Identity } from "../identity.ts";
import { Item, Outcome, type Written } from "../item.ts";
import { readable } from "../lines.ts";
import { Page, cursorBytes } from "../page.ts";
import { PickRequest, ReadRequest, type Choice, type Choices, type StreamInfo } from "../read.ts";
import { utf8 } from "../bytes.ts";
import type { Fetch, Host, Push, Types } from "../wire.ts";

/** What differs between two engines. */
export interface Engine {
  host: Host;
  /** A 64-bit number as the engine wants it. */
  wide(value: number): number | bigint;
}

/** Which interfaces a component exports. */
export type Parts = { fetch: boolean; push: boolean };

/** What the component exports. */
export interface Exports {
  auth: { identify(ctx: Types.Context): unknown };
  fetch: {
    discover(ctx: Types.Context): unknown;
    read(ctx: Types.Context, request: Fetch.ReadRequest): unknown;
    pick(ctx: Types.Context, request: Fetch.PickRequest): unknown;
  };
  push: {
    push(ctx: Types.Context, item: Push.Item): unknown;
    find(ctx: Types.Context, item: Push.Item, step: string, sentMs: number | bigint): unknown;
  };
}

/** The exports of a component with this connector. */
export function serve(connector: Connector, parts: Parts, engine: Engine): Exports {
  check(connector, parts);
  const call = <T>(name: string, work: () => T): T => {
    install(engine.host);
    try {
      return work();
    } catch (error) {
      throw failure(error, name, engine);
    }
  };
  return {
    auth: {
      identify: (ctx) => call("identify", () => identity(given(connector.identify(context(ctx)), "identify"), engine)),
    },
    fetch: {
      discover: (ctx) =>
        call("discover", () => (connector.discover ? given(connector.discover(context(ctx)), "discover") : []).map(stream)),
      read: (ctx, request) => call("read", () => page(read(connector, ctx, request), engine)),
      pick: (ctx, request) => call("pick", () => choices(pick(connector, ctx, request))),
    },
    push: {
      push: (ctx, item) => call("push", () => outcome(push(connector, ctx, item))),
      find: (ctx, item, step, sentMs) =>
        call("find", () => found(connector, ctx, item, step, Number(sentMs))),
    },
  };
}

/** Said while the component is built, not when somebody runs it. */
function check(connector: Connector, parts: Parts): void {
  if (typeof connector !== "object" || connector === null) {
    throw new Error("the connector's file has no default export: `export default connector({ identify, … })`");
  }
  const needed = ["identify", ...(parts.fetch ? ["read"] : []), ...(parts.push ? ["push"] : [])] as (keyof Connector)[];
  for (const name of needed) {
    if (typeof connector[name] !== "function") {
      throw new Error(`connector.toml asks for it, and the connector has no function \`${name}\``);
    }
  }
  for (const [name, value] of Object.entries(connector)) {
    if (typeof value === "function" && value.constructor.name === "AsyncFunction") {
      throw new Error(`\`${name}\` is async: leave out \`async\` and \`await\`, a request is answered where it is sent`);
    }
  }
}

function context(told: Types.Context): Context {
  return new Context({
    auth: told.auth,
    account: told.account,
    facts: Object.fromEntries(told.facts.map(({ key, value }) => [key, value])),
    accountFacts: Object.fromEntries(told.accountFacts.map(({ key, value }) => [key, value])),
    settings: document(told.settings) ?? null,
    config: document(told.config) ?? null,
  });
}

function identity(of: Identity, engine: Engine): unknown {
  return {
    id: asId(of.id, "a business account's id in the answer of `identify`"),
    name: asText(of.name, "a business account's name in the answer of `identify`"),
    login: of.login ?? null,
    accounts: (of.accounts ?? []).map(account),
    facts: ext(of.facts),
    scopes: of.scopes?.map((scope) => asText(scope, "a scope in the answer of `identify`")) ?? null,
    credentialEndsMs: of.credentialEndsMs == null ? null : engine.wide(of.credentialEndsMs),
    ext: [],
  };
}

function account(of: Account): unknown {
  return {
    id: asId(of.id, "an account's id in the answer of `identify`"),
    name: asText(of.name, "an account's name in the answer of `identify`"),
    usable: of.usable ?? true,
    note: of.note ?? null,
    facts: ext(of.facts),
    ext: of.selected === false ? [{ key: "selected", value: "no" }] : [],
  };
}

function stream(of: StreamInfo): unknown {
  return {
    name: asId(of.name, "a stream's name in the answer of `discover`"),
    title: asText(of.title, "a stream's title in the answer of `discover`"),
    key: of.key.map((pointer) => asText(pointer, "a key's pointer in the answer of `discover`")),
    schema: of.schema == null ? new Uint8Array(0) : utf8(JSON.stringify(of.schema)),
    perAccount: of.perAccount ?? false,
    ext: [],
  };
}

function read(connector: Connector, ctx: Types.Context, wire: Fetch.ReadRequest): Page {
  const request = new ReadRequest(wire.streamName, {
    pageHint: wire.pageHint,
    ...(wire.cursor == null ? {} : { cursor: wire.cursor }),
    ...(wire.sinceMs == null ? {} : { sinceMs: Number(wire.sinceMs) }),
  });
  if (connector.read === undefined) {
    throw request.unsupported();
  }
  const page = given(connector.read(context(ctx), request), "read");
  return page instanceof Page ? page : wrong("read", "no Page");
}

function page(of: Page, engine: Engine): unknown {
  const { tag, cursor } = of.position;
  const val = of.position.tag === "wait" ? [cursor, engine.wide(of.position.waitMs)] : cursor;
  return { records: of.records.json(), count: of.records.count, deleted: [...of.gone], position: { tag, val }, ext: [] };
}

function pick(connector: Connector, ctx: Types.Context, wire: Fetch.PickRequest): Choices {
  const request = new PickRequest(wire.picker, wire.query, wire.parents, wire.cursor ?? undefined);
  if (connector.pick === undefined) {
    throw request.unsupported();
  }
  return given(connector.pick(context(ctx), request), "pick");
}

function choices(of: Choices): unknown {
  const choice = ({ id, label, hint }: Choice): unknown => ({
    id: asId(id, "a choice's id in the answer of `pick`"),
    label: asText(label, "a choice's label in the answer of `pick`"),
    hint: hint ?? null,
    ext: [],
  });
  // Providers say `null` behind their last page; a cursor of it would bring the first page again, for ever.
  return { items: of.items.map(choice), next: of.next == null ? null : cursorBytes(of.next), ext: [] };
}

function item(of: Push.Item): Item {
  return new Item({
    action: of.action,
    key: of.key,
    target: document(of.target) ?? null,
    payload: document(of.payload) ?? null,
    attachments: of.attachments.map(({ blob, name, mediaType, size, sha256 }) => ({
      blob,
      name,
      mediaType,
      size: Number(size),
      sha256,
    })),
    attempt: of.attempt,
    ext: of.ext.map(({ key, value }): [string, string] => [key, value]),
  });
}

function push(connector: Connector, ctx: Types.Context, wire: Push.Item): Outcome {
  const one = item(wire);
  if (connector.push === undefined) {
    throw one.unsupported();
  }
  const outcome = given(connector.push(context(ctx), one), "push");
  return outcome instanceof Outcome ? outcome : wrong("push", "no Outcome");
}

function outcome(of: Outcome): unknown {
  return { tag: of.tag, val: object(of.object, "push") };
}

function found(connector: Connector, ctx: Types.Context, wire: Push.Item, step: string, sentMs: number): unknown {
  if (connector.find === undefined) {
    throw ConnectorError.unsupported("This connector cannot look for what it wrote.");
  }
  const there = connector.find(context(ctx), item(wire), step, sentMs);
  return there == null ? null : object(given(there, "find"), "find");
}

function object(of: Written, name: string): unknown {
  return { id: asId(of.id, `an object's id in the answer of \`${name}\``), url: of.url ?? null, ext: [] };
}

function ext(facts: Record<string, string> | undefined): Types.Ext[] {
  const known = Object.entries(facts ?? {});
  return known.map(([key, value]) => ({ key, value: asText(value, `the fact \`${key}\` in the answer of \`identify\``) }));
}

/** A value that is there and is no promise. */
function given<T>(value: T, name: string): T {
  if (value === undefined || value === null) {
    return wrong(name, "nothing");
  }
  if (typeof (value as { then?: unknown }).then === "function") {
    return wrong(name, "a promise; leave out `async` and `await`");
  }
  return value;
}

/** What the connector returned is no answer: as much a mistake as an exception. */
function wrong(name: string, what: string): never {
  throw new TypeError(`\`${name}\` returned ${what}`);
}

/** What leaves the component: the contract's variant, or a mistake, which the engine makes a trap of. */
function failure(error: unknown, name: string, engine: Engine): { tag: string; val: unknown } | Mistake {
  if (!(error instanceof ConnectorError)) {
    return mistake(error, name, engine);
  }
  const { info } = error;
  const wait = info.retryAfterMs;
  return { tag: error.case, val: { ...info, retryAfterMs: wait === null ? null : engine.wide(wait) } };
}

/**
 * A mistake in the connector. What was thrown does not leave as it is, because it can be anything: also something that has the
 * look of one of the contract's failures.
 */
class Mistake extends Error {}

function mistake(error: unknown, name: string, engine: Engine): Mistake {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${typeof error}`;
  const frames = error instanceof Error ? readable(error.stack) : [];
  engine.host.log(1, "the connector threw what is no ConnectorError", [
    ["call", name],
    ["error", what],
    ["stack", frames.join(" < ")],
  ]);
  const place = frames[0] === undefined ? "" : ` at ${frames[0]}`;
  const gone = new Mistake(`${name}: ${what.slice(0, 300)}${place}`, { cause: error });
  // What the engine prints of it are lines of the bundle, and they lead to this file.
  gone.stack = frames.map((frame) => `    at ${frame}`).join("\n");
  return gone;
}
