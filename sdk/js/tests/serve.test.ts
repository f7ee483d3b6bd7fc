import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Context, ConnectorError, Outcome, Page, Records, connector, http, log, run } from "../src/index.ts";
import type { Connector } from "../src/index.ts";
import { textOf, utf8 } from "../src/bytes.ts";
import { serve } from "../src/engine/serve.ts";
import { install } from "../src/host.ts";
import { TestHost } from "../src/testing/index.ts";
import type { Types } from "../src/wire.ts";

afterEach(() => void install(undefined));

const NOTHING = new Uint8Array(0);
const told: Types.Context = {
  auth: "key", account: "7", facts: [{ key: "firm", value: "1" }], accountFacts: [{ key: "repo", value: "a/b" }],
  settings: utf8('{"tasks":true}'), config: NOTHING, ext: [],
};
const asked = { streamName: "notes", cursor: null, pageHint: 10, sinceMs: null, ext: [] };
const item = { action: "x", key: "k", target: NOTHING, payload: NOTHING, attachments: [], attempt: 1, ext: [] };
const typed = { picker: "p", query: "", parents: [] as [string, string][], cursor: null, ext: [] };

/** The exports of a connector, with the host that it sees. */
function served(of: Partial<Connector>, parts = { fetch: true, push: true }) {
  install(undefined);
  const host = TestHost.empty();
  const whole = { identify: () => ({ id: 1, name: "n" }), read: () => Page.end(Records.empty(), 1), push: () => Outcome.created(1), ...of };
  const exports = serve(connector(whole as Connector), parts, { host, wide: (value) => BigInt(value) });
  install(undefined);
  return { exports, host };
}

function thrown(work: () => unknown): { tag: string; val: Types.ErrorInfo } {
  try {
    work();
  } catch (error) {
    return error as { tag: string; val: Types.ErrorInfo };
  }
  return assert.fail("nothing was thrown");
}

test("a connector is told its context, and never sees the contract's spelling of it", () => {
  let seen: Context | undefined;
  const { exports } = served({ identify: (ctx) => ((seen = ctx), { id: 7, name: "n", facts: { a: "b" }, accounts: [{ id: 1, name: "x", selected: false }] }) });
  const identity = exports.auth.identify(told);
  assert.deepEqual([seen?.auth, seen?.accountId(), seen?.fact("firm"), seen?.accountFact("repo")], ["key", "7", "1", "a/b"]);
  assert.deepEqual([seen?.settings(), seen?.config()], [{ tasks: true }, {}]);
  assert.deepEqual(identity, {
    id: "7", name: "n", login: null, facts: [{ key: "a", value: "b" }], scopes: null, credentialEndsMs: null, ext: [],
    accounts: [{ id: "1", name: "x", usable: true, note: null, facts: [], ext: [{ key: "selected", value: "no" }] }],
  });
});

test("what is missing or of another shape in a context is the person's to change", () => {
  assert.throws(() => new Context().fact("realm"), (error) => error instanceof ConnectorError && error.case === "auth-required");
  assert.throws(() => new Context().accountId(), (error) => error instanceof ConnectorError && error.case === "invalid-config");
  assert.deepEqual(new Context().settings(), {});
  const { exports } = served({ identify: (given) => ({ id: String(given.settings()), name: "" }) });
  for (const settings of ["[]", "{", "7"]) {
    assert.equal(thrown(() => exports.auth.identify({ ...told, settings: utf8(settings) })).tag, "invalid-config", settings);
  }
});

test("a page comes out as the contract has it, and a wait with its milliseconds", () => {
  const { exports } = served({
    read: (_, request) => (request.stream === "notes" ? Page.more(Records.of([{ id: 1 }]), { p: 2 }).deleted(["3"]) : Page.wait("job", 500)),
  });
  const page = exports.fetch.read(told, asked) as { records: Uint8Array; position: { tag: string; val: Uint8Array } };
  assert.equal(textOf(page.records), '[{"id":1}]');
  assert.deepEqual({ ...page, records: 0, position: 0 }, { records: 0, count: 1, deleted: ["3"], position: 0, ext: [] });
  assert.deepEqual([page.position.tag, textOf(page.position.val)], ["more", '{"p":2}']);
  const wait = exports.fetch.read(told, { ...asked, streamName: "job" }) as { position: { val: [Uint8Array, bigint] } };
  assert.equal(wait.position.val[1], 500n);
});

test("a cursor that cannot be read starts the stream afresh", () => {
  const { exports } = served({ read: (_, request) => Page.end(Records.empty(), request.cursor<number>((value) => typeof value === "number") ?? 0) });
  for (const cursor of ["{", '"text"']) {
    assert.equal(thrown(() => exports.fetch.read(told, { ...asked, cursor: utf8(cursor) })).tag, "cursor-invalid");
  }
  exports.fetch.read(told, { ...asked, cursor: utf8("7") });
});

test("what a connector does not have is refused", () => {
  const { exports } = served({});
  assert.deepEqual(exports.fetch.discover(told), []);
  assert.equal(thrown(() => exports.fetch.pick(told, typed)).tag, "unsupported");
  assert.equal(thrown(() => exports.push.find(told, item, "create", 0n)).tag, "unsupported");
});

test("an error goes to the host with all that is known about it", () => {
  const error = () => ConnectorError.rateLimited("Wait.").retryAfterMs(1_500).waitsAlone().httpStatus(429).providerCode("slow").field("/a", "b").detail("d");
  const { exports } = served({ identify: () => { throw error(); } });
  assert.deepEqual(thrown(() => exports.auth.identify(told)), {
    tag: "rate-limited",
    val: {
      message: "Wait.", detail: "d", httpStatus: 429, providerCode: "slow", retryAfterMs: 1500n,
      fields: [{ pointer: "/a", message: "b" }], ext: [{ key: "waits", value: "alone" }],
    },
  });
  assert.deepEqual(error().asCase("transient").info, error().info);
});

/** The exception by which a call with a mistake ends. */
function uncaught(work: () => unknown): Error {
  const error: unknown = thrown(work);
  assert.ok(error instanceof Error, "it is an exception, which the engine makes a trap of");
  assert.deepEqual(["tag" in error, "val" in error, "payload" in error], [false, false, false], "and no failure of the contract");
  return error;
}

test("a mistake in the connector is logged with its place, and ends the instance by an exception", () => {
  const { exports, host } = served({ identify: () => (undefined as unknown as { x: { y: never } }).x.y });
  const error = uncaught(() => exports.auth.identify(told));
  assert.match(error.message, /^identify: TypeError: .* at .*serve\.test/);
  assert.ok(error.cause instanceof TypeError, "the author's test sees what was thrown");
  const [line] = host.logs;
  assert.deepEqual([host.logs.length, line?.level, line?.fields[0]], [1, 1, ["call", "identify"]]);
  assert.match(new Map(line?.fields).get("stack") ?? "", /serve\.test/);
});

test("what has the look of a contract's failure and is no ConnectorError is a mistake too", () => {
  const val = { message: "", detail: null, httpStatus: null, providerCode: null, retryAfterMs: null, fields: [], ext: [] };
  const disguises = [{ tag: "transient", val }, Object.assign(new Error("x"), { tag: "transient", val, payload: { tag: "transient", val } }), "text", null];
  for (const disguise of disguises) {
    const { exports, host } = served({ identify: () => { throw disguise; } });
    uncaught(() => exports.auth.identify(told));
    assert.equal(host.logs.length, 1);
  }
});

test("what is no answer is a mistake that is named", () => {
  const rows: [Partial<Connector>, RegExp][] = [
    [{ identify: () => undefined as never }, /returned nothing/],
    [{ identify: () => Promise.resolve({ id: 1, name: "" }) as never }, /returned a promise/],
  ];
  for (const [of, said] of rows) {
    const { exports, host } = served(of);
    assert.match(uncaught(() => exports.auth.identify(told)).message, said);
    assert.match(new Map(host.logs[0]?.fields).get("error") ?? "", said);
  }
  const { exports } = served({ read: () => ({ records: [] }) as never });
  assert.match(uncaught(() => exports.fetch.read(told, asked)).message, /no Page/);
});

test("an id or a name that is missing is a mistake that says which one, in which answer", () => {
  const none = undefined as never;
  const stream = { name: "n", title: "t", key: ["/id"] };
  const rows: [Partial<Connector>, keyof Connector, RegExp][] = [
    [{ identify: () => ({ id: none, name: "n" }) }, "identify", /a business account's id in the answer of `identify` is undefined/],
    [{ identify: () => ({ id: 1, name: none }) }, "identify", /a business account's name in the answer of `identify` is/],
    [{ identify: () => ({ id: 1, name: "n", accounts: [{ id: 1, name: "a" }, { id: none, name: "b" }] }) }, "identify", /an account's id/],
    [{ identify: () => ({ id: 1, name: "n", accounts: [{ id: 1, name: none }] }) }, "identify", /an account's name/],
    [{ identify: () => ({ id: 1, name: "n", facts: { firm: none } }) }, "identify", /the fact `firm` in the answer of `identify` is/],
    [{ identify: () => ({ id: 1, name: "n", accounts: [{ id: 1, name: "a", facts: { repo: none } }] }) }, "identify", /the fact `repo`/],
    [{ identify: () => ({ id: 1, name: "n", scopes: ["a", none] }) }, "identify", /a scope/],
    [{ discover: () => [{ ...stream, name: none }] }, "discover", /a stream's name in the answer of `discover` is/],
    [{ discover: () => [{ ...stream, title: none }] }, "discover", /a stream's title/],
    [{ discover: () => [{ ...stream, key: [none] }] }, "discover", /a key's pointer/],
    [{ pick: () => ({ items: [{ id: none, label: "l" }] }) }, "pick", /a choice's id in the answer of `pick` is/],
    [{ pick: () => ({ items: [{ id: 1, label: none }] }) }, "pick", /a choice's label/],
    [{ find: () => ({ id: none }) }, "find", /an object's id in the answer of `find` is/],
  ];
  for (const [of, name, said] of rows) {
    const { exports } = served(of);
    const calls: Record<string, () => unknown> = {
      identify: () => exports.auth.identify(told), discover: () => exports.fetch.discover(told),
      pick: () => exports.fetch.pick(told, typed), find: () => exports.push.find(told, item, "create", 0n),
    };
    assert.match(uncaught(calls[name]!).message, said);
  }
});

test("a write that was answered without an id ends as any other mistake behind a write, and never as done", () => {
  const ends: [(id: number) => Outcome, RegExp][] = [
    [(id) => Outcome.created(id), /^push: TypeError: the id given to `Outcome.created` is undefined/],
    [(id) => Object.assign(Outcome.created(1), { object: { id } }), /^push: TypeError: an object's id in the answer of `push` is undefined/],
    [() => { throw new Error("any other mistake"); }, /^push: Error: any other mistake/],
  ];
  for (const [end, said] of ends) {
    const { exports, host } = served({
      push: () => end(http.fetch("https://a.example/x", { method: "POST", effect: "write", step: "create" }).json<{ id: number }>().id),
    });
    host.and([{ request: { method: "POST", url: "https://a.example/x", effect: "write", step: "create" }, answer: { body: { data: { id: 7 } } } }]);
    assert.match(uncaught(() => exports.push.push(told, item)).message, said);
    assert.deepEqual(host.requests.map(({ step }) => step), ["create"], "it was written");
    assert.deepEqual(host.logs.map(({ level, fields }) => [level, fields[0]]), [[1, ["call", "push"]]]);
  }
});

test("a picker is at its end where the provider says null as where it says nothing", () => {
  const next = (of: object): unknown => {
    const { exports } = served({ pick: () => ({ items: [{ id: 7, label: "" }], ...of }) });
    return (exports.fetch.pick(told, typed) as { next: Uint8Array | null }).next;
  };
  assert.deepEqual([next({ next: null }), next({ next: undefined }), next({})], [null, null, null]);
  for (const [value, text] of [["p2", '"p2"'], [0, "0"], ["", '""'], [false, "false"]]) {
    assert.equal(textOf(next({ next: value }) as Uint8Array), text, "every other value is a cursor");
  }
});

test("what is null and may be left out is left out", () => {
  const no = null as never;
  const { exports } = served({
    identify: () => ({ id: 1, name: "n", login: null, scopes: no, credentialEndsMs: no, accounts: no, facts: no }),
    discover: () => [{ name: "n", title: "t", key: ["/id"], schema: no, perAccount: no }],
  });
  assert.deepEqual(exports.auth.identify(told), {
    id: "1", name: "n", login: null, accounts: [], facts: [], scopes: null, credentialEndsMs: null, ext: [],
  });
  assert.deepEqual(exports.fetch.discover(told), [{ name: "n", title: "t", key: ["/id"], schema: NOTHING, perAccount: false, ext: [] }]);
});

test("a connector that lacks what its manifest needs, or waits, is refused when it is built", () => {
  const identify = () => ({ id: 1, name: "n" });
  const host = TestHost.empty();
  const build = (of: unknown, parts = { fetch: false, push: false }) => () => serve(of as Connector, parts, { host, wide: Number });
  assert.throws(build(undefined), /default export/);
  assert.throws(build({ identify }, { fetch: true, push: false }), /no function `read`/);
  assert.throws(build({ identify }, { fetch: false, push: true }), /no function `push`/);
  assert.throws(build({ identify: async () => identify() }), /`identify` is async/);
  host.close();
});

test("time and chance are the host's in a call, and the engine's own outside of one", () => {
  const { exports, host } = served({
    identify: () => {
      log.info("seen", { at: Date.now(), made: new Date().getTime(), chance: Math.random(), same: run.nowMs() });
      return { id: new Date(7).getTime(), name: String(new Date(0) instanceof Date) };
    },
  });
  assert.notEqual(Date.now(), 1_795_253_400_000);
  assert.equal((exports.auth.identify(told) as { id: string }).id, "7");
  const fields = Object.fromEntries(host.logs[0]?.fields ?? []);
  assert.deepEqual([fields["at"], fields["made"], fields["same"]], Array(3).fill("1795253400000"));
  const { exports: again, host: other } = served({
    identify: () => (log.info("seen", { chance: Math.random(), next: Math.random() }), { id: 1, name: "" }),
  });
  again.auth.identify(told);
  const second = Object.fromEntries(other.logs[0]?.fields ?? []);
  assert.equal(second["chance"], fields["chance"], "it comes from the host's bytes, which are the same in every test");
  assert.notEqual(second["next"], second["chance"]);
  assert.ok(Number(second["chance"]) >= 0 && Number(second["chance"]) < 1);
  install(undefined);
});
