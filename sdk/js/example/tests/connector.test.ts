/** The connector over the recorded answers in `fixtures/`, natively. `patchbay check` runs the component over the same files. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Case, ConnectorError, Context, Item } from "@patchbay/sdk";
import { TestHost, fixture, readAll } from "@patchbay/sdk/testing";

import connector from "../src/connector.ts";

const ctx = new Context({ auth: "key", config: { page_size: 100 } });
const note = new Item({ action: "note", target: { id: "nb-1" }, payload: { text: "Call back on Monday." } });

test("the key says whose account it is", () => {
  TestHost.answering(fixture("identify.json")).inOrder();
  assert.deepEqual(connector.identify(), { id: 7, name: "Kantoor Voorbeeld", login: "els@voorbeeld.example" });
});

test("notebooks are read completely", () => {
  TestHost.answering(fixture("streams/notebooks.json")).inOrder();
  const reading = readAll(connector, ctx, { stream: "notebooks", pageHint: 2 });
  assert.deepEqual([reading.records.length, reading.pages, reading.position], [3, 2, "complete"]);
});

test("notes are read up to their newest change", () => {
  TestHost.answering(fixture("streams/notes.json")).inOrder();
  const reading = readAll(connector, ctx, { stream: "notes", pageHint: 2 });
  assert.deepEqual([reading.records.length, reading.pages, reading.position], [3, 2, "end"]);
  assert.equal(reading.cursor, '{"since":1795193110000}');
});

test("a note from the future does not hide those before it", () => {
  TestHost.answering(fixture("streams/notes.later.json")).inOrder();
  const reading = readAll(connector, ctx, { stream: "notes", pageHint: 2, cursor: { since: 1795193110000 } });
  assert.equal(reading.cursor, '{"since":1795253400000}', "now, and not next year");
});

test("a note is added once and found again", () => {
  const first = TestHost.answering(fixture("actions/note.json")).inOrder();
  const { tag, object } = connector.push(ctx, note);
  assert.deepEqual([tag, object], ["created", { id: 501, url: "https://notebook.example/notes/501" }]);
  first.close();
  TestHost.answering(fixture("actions/note.found.json")).inOrder();
  assert.deepEqual(connector.find(ctx, note, "create"), object);
});

test("what was not written is not found", () => {
  TestHost.answering(fixture("actions/note.absent.json")).inOrder();
  assert.equal(connector.find(ctx, note, "create"), undefined);
});

for (const [status, wanted] of [[401, "auth-required"], [403, "permission-denied"], [429, "rate-limited"]] as [number, Case][]) {
  test(`a status decides which error it is: ${status}`, () => {
    const request = { method: "GET", url: "https://api.notebook.example/v1/me" };
    TestHost.answering([{ request, answer: { status } }]);
    assert.throws(
      () => connector.identify(),
      (error) => error instanceof ConnectorError && error.case === wanted,
    );
    });
}
