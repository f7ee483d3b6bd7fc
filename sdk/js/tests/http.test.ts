import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectorError, http } from "../src/index.ts";
import { TestHost } from "../src/testing/index.ts";
import { utf8 } from "../src/bytes.ts";
import { find as findLink } from "../src/http/link.ts";
import { Response } from "../src/http/response.ts";
import { errorOf, errorWithout, retryAfterMs } from "../src/http/status.ts";

const URL = "https://a.example/x";

function answer(effect: http.Effect, status: number, kind: string, body: string): Response {
  const headers: [string, string][] = [["content-type", kind]];
  return new Response({ status, headers, body: { tag: "bytes", val: utf8(body) }, replayed: false, ext: [] }, `GET ${URL}`, effect);
}

function thrown(work: () => unknown): ConnectorError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConnectorError, String(error));
    return error;
  }
  return assert.fail("nothing was thrown");
}

test("HTML, nothing, another media type and cut JSON are no answers", () => {
  const json = "application/json; charset=utf-8";
  for (const [kind, body] of [["text/html", "<html>"], [json, " \n<!doctype html>"], [json, ""], [json, '[{"id":'], ["text/plain", "{}"]]) {
    assert.equal(thrown(() => answer("read", 200, kind!, body!).json()).case, "invalid-response", body);
  }
  assert.deepEqual(answer("read", 200, "application/vnd.x+json", "{}").json(), {});
});

test("an answer to a write that cannot be read leaves the outcome unknown", () => {
  assert.equal(thrown(() => answer("write", 201, "application/json", "{").json()).case, "outcome-unknown");
});

test("an error holds nothing of the body", () => {
  const { info } = thrown(() => answer("read", 200, "application/json", '{"a": s3cr3t}').json());
  assert.ok(!JSON.stringify(info).includes("s3cr3t"), JSON.stringify(info));
});

test("a server error is retried for a read and unknown for a write", () => {
  assert.equal(errorOf(503, "read").case, "transient");
  assert.equal(errorOf(503, "repeatable").case, "transient");
  assert.equal(errorOf(503, "write").case, "outcome-unknown");
  assert.equal(errorOf(302, "write").case, "outcome-unknown");
  assert.equal(errorOf(422, "write").case, "invalid-input");
  assert.equal(errorOf(422, "read").case, "other");
});

test("only a write that may have arrived leaves the outcome unknown", () => {
  const rows = [
    [{ tag: "unknown", val: "" }, "outcome-unknown", "transient"],
    [{ tag: "too-large", val: 1 }, "outcome-unknown", "invalid-response"],
    [{ tag: "denied", val: "" }, "other", "other"],
    [{ tag: "other", val: "" }, "other", "other"],
    [{ tag: "not-sent", val: "" }, "transient", "transient"],
    [{ tag: "stopped" }, "transient", "transient"],
  ] as const;
  for (const [trouble, write, read] of rows) {
    assert.equal(errorWithout(trouble, "POST /x", "write").case, write, trouble.tag);
    assert.equal(errorWithout(trouble, "POST /x", "repeatable").case, read, trouble.tag);
    assert.equal(errorWithout(trouble, "POST /x", "read").case, read, trouble.tag);
  }
});

test("Retry-After may be seconds or a date", () => {
  const host = TestHost.empty().at(1_795_253_400_000);
  assert.equal(retryAfterMs(" 7 "), 7_000);
  assert.equal(retryAfterMs("Sat, 21 Nov 2026 09:30:05 GMT"), 5_000);
  assert.equal(retryAfterMs("Sat, 21 Nov 2026 09:29:00 GMT"), 0);
  assert.equal(retryAfterMs("soon"), undefined);
  host.close();
});

test("the next page is found among its neighbours, and nonsense has no links", () => {
  const header = '<https://a.example/x?page=1,2>; rel="prev", <https://a.example/x?page=3>; title="a, b"; rel="next last"';
  assert.equal(findLink(header, "next"), "https://a.example/x?page=3");
  assert.equal(findLink(header, "prev"), "https://a.example/x?page=1,2");
  assert.equal(findLink("<a>;rel=next", "next"), "a");
  for (const text of ["", "<", "<a", "a>; rel=next", "<a>", "<a>; rel", "next"]) {
    assert.equal(findLink(text, "next"), undefined, text);
  }
});

test("query parameters and path segments are encoded, and a segment that would climb is refused", () => {
  const url = `${URL}?a%20b=1%262%28%29&n=7`;
  const host = TestHost.answering([{ request: { method: "GET", url }, answer: {} }]);
  assert.equal(http.get(URL).query("a b", "1&2()").query("n", 7).query("no", undefined).send().status, 200);
  assert.equal(host.requests[0]?.url, url);
  host.close();
  assert.equal(http.address("https://a.example/v1/", ["files", "a b/c'"]), "https://a.example/v1/files/a%20b%2Fc%27");
  for (const segment of ["", ".", ".."]) {
    assert.equal(thrown(() => http.address("https://a.example", ["x", segment])).case, "invalid-input");
  }
});

test("fetch says in one call what the builder says in many", () => {
  const exchange = {
    request: {
      method: "POST", url: `${URL}?q=1`, headers: { "x-a": "b" }, body: { text: "é" },
      effect: "write" as const, step: "create", credential: "bearer",
    },
    answer: { status: 201, body: { id: 1 } },
  };
  const host = TestHost.answering([exchange, exchange]).inOrder();
  const options = {
    method: "POST", query: { q: 1, no: undefined }, headers: { "X-A": "b" }, json: { text: "é" },
    effect: "write", step: "create", credential: { slot: "bearer" },
  } as const;
  const answers = [
    http.fetch(URL, options),
    http.post(URL).query("q", 1).header("X-A", "b").json({ text: "é" }).effect("write").step("create").credential({ slot: "bearer" }).send(),
  ];
  assert.deepEqual(answers.map((one) => [one.ok, one.status, one.json()]), Array(2).fill([true, 201, { id: 1 }]));
  host.close();
});

test("a write without a step does not leave", () => {
  const host = TestHost.empty();
  assert.equal(thrown(() => http.post(URL).effect("write").send()).case, "other");
  assert.deepEqual(host.requests, []);
  host.close();
});
