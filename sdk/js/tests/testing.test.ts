import assert from "node:assert/strict";
import { test } from "node:test";

import { http } from "../src/index.ts";
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

test("there is one host at a time", () => {
  const host = TestHost.empty();
  assert.throws(() => TestHost.empty(), /already/);
  host.close();
  TestHost.empty().close();
});
