import assert from "node:assert/strict";
import { test } from "node:test";

import { textOf, utf8 } from "../src/bytes.ts";
import { ConnectorError } from "../src/error.ts";
import { Response } from "../src/http/response.ts";
import { Page } from "../src/page.ts";
import { Records } from "../src/records.ts";

function answer(body: string): Response {
  const headers: [string, string][] = [["content-type", "application/json"]];
  return new Response(
    { status: 200, headers, body: { tag: "bytes", val: utf8(body) }, replayed: false, ext: [] },
    "GET https://a.example/x",
    "read",
  );
}

const text = (records: Records): string => textOf(records.json());
const failsAs = (of: string) => (error: unknown) => error instanceof ConnectorError && error.case === of;

test("records pass through byte for byte, wherever their list stands", () => {
  const list = '[ {"id": 12345678901234567890, "n": 1.50, "t":"\\u00e9 }],\\\\\\"["} ,\n{"é":[{}]}]';
  assert.equal(text(answer(list).records()), list);
  const nested = `{"a":{"items":[1]},"é/~":{"items" : ${list}},"b":"]"}`;
  const records = answer(nested).records("/é~1~0/items");
  assert.equal(text(records), list);
  assert.equal(records.count, 2);
});

test("of two members with one name the last one counts, as for the parser", () => {
  assert.equal(text(answer('{"items":[{"id":1}],"items":[{"id":2}]}').records("/items")), '[{"id":2}]');
});

test("a list is found wherever it stands among others", () => {
  for (const body of [
    '{"items":[{"id":1}]}',
    ' { "items" : [{"id":1}] , "more":[1,"]"] } ',
    '{"a":["]"],"items":[{"id":1}],"t":"]"}',
    '{"items":[{"id":1}],"t":"\\u005d"}',
    '{"items":[{"id":9}],"b":[],"it\\u0065ms":[{"id":1}]}',
    '{"items":0,"\\u0069tems":[{"id":1}]}',
    '{"x":{"items":[]},"items":[{"id":1}]}',
  ]) {
    assert.equal(text(answer(body).records("/items")), '[{"id":1}]', body);
  }
  const twice = answer('{"item":[{"id":9}],"item":{"id": 1}}').row<{ id: number }>("/item");
  assert.equal(text(Records.of([twice])), '[{"id": 1}]', "of two members the last, here too");
  assert.equal(text(answer('{"x":[[],{"items":[ {"id":1} ]}]}').records("/x/1/items")), '[ {"id":1} ]');
  assert.equal(text(answer(' [{"id":1}]\n ').records()), '[{"id":1}]');
});

test("what is no list of objects is refused", () => {
  for (const body of ["{}", "[1]", "[[]]", "[null]", '"x"', "null"]) {
    assert.throws(() => answer(body).records(), failsAs("invalid-response"), body);
  }
  assert.throws(() => answer('{"items":{}}').records("/items"), failsAs("invalid-response"));
});

test("chosen rows keep their text, and members stand in front of their own", () => {
  const rows = answer('{"items":[{"id": 1.0,"x":"é"},{"id":2,"p":"old"},{}]}').rows<{ id?: number }>("/items");
  const records = Records.empty();
  for (const row of rows) {
    records.push(row, { p: 'ü"' });
  }
  assert.equal(text(records), '[{"p":"ü\\"","id":1.0,"x":"é"},{"p":"ü\\"","id":2},{"p":"ü\\""}]');
  assert.deepEqual(rows.map((row) => row.value.id), [1, 2, undefined]);
  const [first] = rows;
  assert.equal(text(Records.of([first!])), '[{"id": 1.0,"x":"é"}]');
});

test("objects of the connector's own go in as they are written", () => {
  const records = Records.of([{ id: 1, name: "é" }]);
  records.push({ id: 2, p: 3 }, { p: "7" });
  assert.equal(text(records), '[{"id":1,"name":"é"},{"p":"7","id":2}]');
  assert.equal(records.bytes, records.json().length);
});

test("a whole list takes further records", () => {
  const records = answer('[ {"a": 1} , {"b":[1,2]}]').records();
  records.push({ c: 3 });
  assert.equal(text(records), '[{"a": 1},{"b":[1,2]},{"c":3}]');
  assert.equal(records.bytes, records.json().length);
  assert.equal(records.count, 3);
});

test("a record or a page that is too large is refused", () => {
  const large = JSON.stringify({ t: "x".repeat(1024 * 1024) });
  assert.throws(() => answer(`[${large}]`).records(), failsAs("invalid-response"));
  assert.throws(() => Records.of([JSON.parse(large) as object]), failsAs("invalid-response"));
  const many = Records.empty();
  for (let at = 0; at < 1_001; at += 1) {
    many.push({});
  }
  assert.throws(() => Page.end(many, null), failsAs("invalid-response"));
});

test("a cursor is any JSON value of at most 64 KiB", () => {
  assert.equal(textOf(Page.end(Records.empty(), { since: "é" }).position.cursor), '{"since":"é"}');
  assert.throws(() => Page.end(Records.empty(), undefined), failsAs("other"));
  assert.throws(() => Page.end(Records.empty(), "x".repeat(64 * 1024)), failsAs("other"));
});
