import { describe, expect, test } from "vitest";
import { checked } from "./check";
import { begun, meant, pruned, type Draft } from "./draft";
import { found, matchesWhole } from "./pattern";
import { formOf, type JsonObject } from "./shape";

const SCHEMA = {
  type: "object",
  properties: {
    title: { type: "string", title: "Title", minLength: 1, maxLength: 20 },
    text: { type: "string", maxLength: 60_000 },
    due: { type: "string", pattern: "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" },
    at: { type: "string", format: "date-time" },
    number: { type: "integer", minimum: 1 },
    weight: { type: "number", maximum: 9.5, multipleOf: 0.1 },
    loud: { type: "boolean", default: true },
    tone: { oneOf: [{ const: "a", title: "Plain" }, { const: "b", title: "Warm" }] },
    level: { enum: [1, 2, null] },
    further: { type: "array", items: { enum: ["parties", "claims"] }, uniqueItems: true },
    labels: { type: "array", items: { type: "string", minLength: 1 }, maxItems: 2 },
    todos: { type: "array", items: { $ref: "#/$defs/todo" } },
    who: { type: "object", properties: { email: { type: "string", format: "email" }, phone: { type: ["string", "null"] } }, required: ["email"] },
    own: { type: "object", additionalProperties: { type: "string", maxLength: 5 } },
    odd: { anyOf: [{ type: "string" }, { type: "object" }] },
  },
  required: ["title"],
  additionalProperties: false,
  $defs: { todo: { type: "object", title: "To-do", properties: { text: { type: "string", title: "Text", minLength: 1 }, done: { type: "boolean" } }, required: ["text"] } },
};
const form = formOf(SCHEMA);
const draftOf = (change: { [name: string]: Draft }, from?: JsonObject): Draft => ({ ...(begun(form, from) as { [name: string]: Draft }), ...change });
const wrongIn = (change: { [name: string]: Draft }) => Object.fromEntries(checked(form, draftOf({ title: "x", ...change })));

describe("a schema becomes a form", () => {
  test("every kind of member has its field", () => {
    expect(Object.fromEntries(form.fields.map(([name, field]) => [name, field.kind]))).toEqual({
      title: "text", text: "lines", due: "date", at: "moment", number: "integer", weight: "number", loud: "switch", tone: "choice",
      level: "choice", further: "choices", labels: "list", todos: "list", who: "group", own: "map", odd: "json",
    });
  });

  test("what has no title is named by its member, in words", () => {
    expect(formOf({ type: "object", properties: { due_date: { type: "string" }, assignTo: { type: "string" } } }).fields.map(([, field]) => field.title)).toEqual(["Due date", "Assign to"]);
  });

  test("a schema without end ends, and a hostile one is a form without fields", () => {
    const round: { [word: string]: unknown } = { type: "object" };
    round["properties"] = { again: { $ref: "#" }, more: round };
    expect(formOf(round).fields.length).toBe(2);
    for (const odd of [null, 7, "x", [], { type: 5 }, { properties: [] }, { $ref: "#/__proto__/x" }, { allOf: [{ $ref: "#/allOf/0" }] }]) expect(formOf(odd).fields).toEqual([]);
  });
});

describe("what was typed becomes the value", () => {
  test("an empty form says nothing but its defaults and what is required", () => {
    expect(meant(form, begun(form, undefined))).toEqual({ loud: true });
  });

  test("a value that is shown and not touched is the same value", () => {
    const value = {
      title: "T", text: "a\nb", due: "2026-11-21", at: "2026-11-21T10:30:00.000Z", number: 3, weight: 1.5, loud: false, tone: "b", level: 2,
      further: ["claims"], labels: ["x", "y"], todos: [{ text: "do", done: true }], who: { email: "a@b.c" }, own: { k: "v" }, odd: { deep: [1] },
    };
    expect(meant(form, begun(form, value))).toEqual(value);
  });

  test("rows that were left empty are not sent, and the places of the others are those on the page", () => {
    const draft = draftOf({ labels: ["", "x", ""], todos: [{ text: "", done: undefined }, { text: "do", done: undefined }] });
    expect(meant(form, draft)).toEqual({ loud: true, labels: ["x"], todos: [{ text: "do" }] });
    expect(pruned(form, draft)).toMatchObject({ labels: ["x"], todos: [{ text: "do" }] });
  });

  test("a comma in a number is a point, and a part that nobody filled in is left out", () => {
    expect(meant(form, draftOf({ weight: "2,5", who: { email: "", phone: "" } }))).toEqual({ loud: true, weight: 2.5 });
  });

  test("required and nullable, empty means null", () => {
    const nullable = formOf({ type: "object", properties: { a: { type: ["string", "null"] } }, required: ["a"] });
    expect(meant(nullable, begun(nullable, undefined))).toEqual({ a: null });
    expect([...checked(nullable, begun(nullable, undefined))]).toEqual([]);
  });
});

describe("mistakes are said in words, where they are", () => {
  test("required, too long, no number, no day, no address", () => {
    expect(wrongIn({ title: "" })).toEqual({ "/title": "Fill this in." });
    expect(wrongIn({ title: "x".repeat(21) })).toEqual({ "/title": "Write at most 20 characters; this has 21." });
    expect(wrongIn({ number: "1.5" })).toEqual({ "/number": "Write a whole number, such as 12." });
    expect(wrongIn({ number: "0" })).toEqual({ "/number": "Write 1 or more." });
    expect(wrongIn({ weight: "9,6" })).toEqual({ "/weight": "Write 9.5 or less." });
    expect(wrongIn({ weight: "0.3" })).toEqual({});
    expect(wrongIn({ due: "tomorrow" })).toHaveProperty("/due");
    expect(wrongIn({ odd: "{" })).toHaveProperty("/odd");
    expect(wrongIn({ labels: ["a", "b", "c"] })).toEqual({ "/labels": "Keep at most 2; here are 3." });
  });

  test("an optional part asks for what it needs only when somebody began it", () => {
    expect(wrongIn({ who: { email: "", phone: "" } })).toEqual({});
    expect(wrongIn({ who: { email: "", phone: "1" } })).toEqual({ "/who/email": "Fill this in." });
    expect(wrongIn({ who: { email: "nobody", phone: "" } })).toHaveProperty("/who/email");
    expect(wrongIn({ todos: [{ text: "", done: true }] })).toEqual({ "/todos/0/text": "Fill this in." });
  });

  test("a pair without a name, a name twice, a value too long", () => {
    expect(wrongIn({ own: [{ name: "", value: "v" }] })).toHaveProperty("/own/0");
    expect(wrongIn({ own: [{ name: "a/b", value: "v" }, { name: "a/b", value: "w" }] })).toHaveProperty("/own/a~1b");
    expect(wrongIn({ own: [{ name: "k", value: "longer" }] })).toHaveProperty("/own/k");
  });
});

describe("a publisher's pattern", () => {
  test("is tried, and what could hang the browser is left to the host", () => {
    expect(found("^(github_pat|ghp)_[A-Za-z0-9_]{20,250}$", "ghp_short")).toBe(false);
    expect(found("^-?(0|[1-9][0-9]{0,12})([.][0-9]{1,4})?$", "99.95")).toBe(true);
    expect(matchesWhole("[a-z]+_[0-9]+", "ab_12 x")).toBe(false);
    const long = "a".repeat(40) + "!";
    for (const nasty of ["^(a+)+$", "^(a|a)*$", "^((a{1,9})b?)+$", "^(?:a?){20,}$x", "(.*)(.*)(.*)(.*)x$", "^(a|aa)+$", "("]) expect(found(nasty, long)).toBeUndefined();
  });
});
