import assert from "node:assert/strict";
import { test } from "node:test";

import { Outcome, Page, Records, http } from "../src/index.ts";
import { asId, asText } from "../src/id.ts";

/** What a provider that leaves an id out, or an author who reads another member, makes of `id`. */
const NONE: [unknown, RegExp][] = [
  [undefined, /is undefined, not a text or a whole number$/],
  [null, /is null, not/],
  [Number.NaN, /is NaN, not/],
  [Number.POSITIVE_INFINITY, /is Infinity, not/],
  [1.5, /is a number with a fraction, not/],
  [true, /is true or false, not/],
  [{ id: "s3cr3t" }, /is an object, not/],
  [["s3cr3t"], /is a list, not/],
  [2 ** 53, /is a number beyond 2\^53 and has lost its last digits/],
  [-12_345_678_901_234_567_890, /is a number beyond 2\^53/],
];

test("an id is a text or a whole number as the provider has it, and goes out as text", () => {
  const rows = [["a", "a"], ["007", "007"], [7, "7"], [0, "0"], [-3, "-3"], [2 ** 53 - 1, "9007199254740991"]] as const;
  for (const [id, text] of rows) {
    assert.equal(asId(id, "an id"), text);
  }
  assert.equal(asId(12_345_678_901_234_567_890n, "an id"), "12345678901234567890");
});

test("what is no id is refused by its kind, and its content is not told", () => {
  for (const [value, said] of NONE) {
    const refused = (error: unknown): boolean =>
      error instanceof TypeError && said.test(error.message) && error.message.startsWith("an id ") && !error.message.includes("s3cr3t");
    assert.throws(() => asId(value, "an id"), refused, String(said));
    assert.throws(() => asText(value, "an id"), refused, String(said));
  }
});

test("an id is not empty, and a name or a fact may be", () => {
  assert.throws(() => asId("", "an object's id"), /an object's id is an empty text/);
  assert.equal(asText("", "a name"), "");
});

test("a push that ends without the object's id fails in the author's own test", () => {
  for (const [value, said] of [...NONE, ["", /is an empty text/] as const]) {
    for (const end of ["created", "updated", "exists"] as const) {
      assert.throws(() => Outcome[end](value as string), { name: "TypeError", message: said }, end);
    }
  }
  assert.throws(() => Outcome.created(undefined as never), /the id given to `Outcome.created` is undefined/);
  assert.equal(Outcome.created(7n).object.id, 7n);
});

test("a key that is gone is a text, and never the word for a missing one", () => {
  const page = () => Page.end(Records.empty(), 1);
  for (const [value, said] of NONE) {
    assert.throws(() => page().deleted(["3", value as string]), said);
  }
  assert.deepEqual(page().deleted(["3", 7 as never, ""]).gone, ["3", "7", ""], "one that is empty the host leaves out");
});

test("an address is not made of a missing id", () => {
  for (const [value, said] of NONE) {
    assert.throws(() => http.address("https://a.example", ["notes", value as string]), { name: "TypeError", message: said });
  }
  assert.throws(() => http.address("https://a.example", ["notes", undefined as never]), /segment after https:\/\/a.example\/notes is/);
  assert.equal(http.address("https://a.example", ["notes", 12_345_678_901_234_567_890n, 7]), "https://a.example/notes/12345678901234567890/7");
});
