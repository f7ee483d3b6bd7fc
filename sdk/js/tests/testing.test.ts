import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectorError, blob, http } from "../src/index.ts";
import { textOf, utf8 } from "../src/bytes.ts";
import { TestHost } from "../src/testing/index.ts";

const exchange = { request: { method: "GET", url: "https://a.example/x?b=2&a=%31" }, answer: { body: [] } };

test("the order of query parameters does not matter, everything else does", () => {
  const host = TestHost.answering([exchange]);
  assert.equal(http.get("https://a.example/x?a=1&b=2").send().status, 200);
  host.close();
  const other = TestHost.answering([exchange]);
  assert.throws(() => http.get("https://a.example/x?a=1&b=3").send(), /no answer for/);
  assert.throws(() => other.close(), /no answer for/);
});

test("a request that the gate would refuse fails the test even where it is caught", () => {
  for (const send of [
    () => http.get("http://a.example/x").send(),
    () => http.get("https://a.example/x").header("Authorization", "x").send(),
    () => http.get("https://a.example/x").header("x-a", "b\r\nc").send(),
    () => http.get("https://a.example/x").step("create").send(),
  ]) {
    const host = TestHost.answering([]);
    assert.throws(send);
    assert.throws(() => host.close(), /https|gate's|line break|a write has a step/);
  }
});

test("an answer that was not used fails the test", () => {
  assert.throws(() => TestHost.answering([exchange]).close(), /these answers were not used/);
});

test("a difference in effect, step, credential, header or body is named", () => {
  const request = { ...exchange.request, method: "POST", body: { a: [1, { b: null }] }, headers: { "x-a": "1" } };
  const send = () => http.post(exchange.request.url).header("X-A", "1").json({ a: [1, { b: null }] });
  const rows: [() => unknown, RegExp | undefined][] = [
    [() => send().send(), undefined],
    [() => send().effect("repeatable").send(), /effect is repeatable, not read/],
    [() => send().credential("nothing").send(), /credential is nothing, not standard/],
    [() => send().json({ a: [1, { b: 0 }] }).send(), /body is/],
    [() => http.post(exchange.request.url).json({}).send(), /header x-a is missing/],
  ];
  for (const [work, said] of rows) {
    const host = TestHost.answering([{ request, answer: {} }]);
    if (said === undefined) {
      work();
      host.close();
    } else {
      assert.throws(work, said);
      assert.throws(() => host.close(), said);
    }
  }
});

test("a file's bytes stay at the host, and are read there a piece at a time", () => {
  const request = { method: "GET", url: "https://a.example/file" };
  const kept = { request, answer: { status: 206, headers: { "Content-Type": "application/pdf" }, text: "%PDF-1.7" } };
  // The test's own blob has the name that the first answer would get next.
  const host = TestHost.answering([kept, kept, { request, answer: { status: 404, body: {} } }]).holding("blob-2", utf8("own"));
  const answer = http.fetch(request.url, { into: "blob" });
  assert.deepEqual([answer.status, answer.ok, answer.header("content-type"), answer.replayed], [206, true, "application/pdf", false]);
  assert.deepEqual([answer.bytes().length, answer.text()], [0, ""]);
  const [id, other, missing] = [answer.blob!, http.get(request.url).intoBlob().send().blob!, http.fetch(request.url, { into: "blob" }).blob!];
  assert.equal(new Set([id, other, missing, "blob-2"]).size, 4, "each is a blob of its own");
  assert.deepEqual([blob.size(id), textOf(blob.read(id, 1, 3)!), blob.read(id, 8, 3)?.length], [8, "PDF", 0]);
  assert.equal(textOf(blob.read(missing, 0, 9)!), "{}", "that of an error as well");
  assert.ok(blob.append(id, utf8("!")));
  assert.deepEqual([blob.size(id), blob.size(other), textOf(blob.read("blob-2", 0, 9)!)], [9, 8, "own"]);
  assert.equal(new Set([id, other, missing, "blob-2", blob.create("text/plain")]).size, 5);
  host.close();
});

test("a body that is to stay at the host and does not come leaves no blob", () => {
  const host = TestHost.answering([{ request: { method: "GET", url: "https://a.example/file" }, answer: { fails: "too-large" } }]);
  assert.throws(
    () => http.fetch("https://a.example/file", { into: "blob" }),
    (error) => error instanceof ConnectorError && error.case === "invalid-response",
  );
  assert.equal(blob.size("blob-1"), undefined);
  host.close();
});

test("there is one host at a time", () => {
  const host = TestHost.empty();
  assert.throws(() => TestHost.empty(), /already/);
  host.close();
  TestHost.empty().close();
});
