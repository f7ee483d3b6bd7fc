import { expect, test } from "vitest";
import { cellText, columnsOf, fieldsOf, valueAt } from "./shape";

const SHAPE = {
  "/id": ["number"], "/zip": ["string"], "/customer_name": ["string"], "/status": ["string"], "/lines": ["array"], "/lines/*/amount": ["null", "number"],
  "/a~1b": ["string"], "/paid": ["boolean"], "/address": ["object"], "/total": ["number"], "/due_date": ["null", "string"], "/extra": "no list", truncated: true,
};

test("fields are named as people write them", () => {
  const { fields, truncated } = fieldsOf(SHAPE);
  expect(truncated).toBe(true);
  expect(fields.map((field) => field.name)).toEqual(["a/b", "address", "customer_name", "due_date", "id", "lines", "lines[].amount", "paid", "status", "total", "zip"]);
});

test("what cannot be read as a shape has no fields", () => {
  for (const odd of [null, undefined, 5, [], "text", {}]) expect(fieldsOf(odd).fields).toEqual([]);
});

test("a table shows the fields that tell most, and neither the key nor what is large", () => {
  expect(columnsOf(fieldsOf(SHAPE).fields, ["/id"]).map((field) => field.pointer)).toEqual(["/customer_name", "/status", "/due_date", "/total", "/a~1b"]);
});

test("a value is read only from the record itself", () => {
  expect(valueAt({ lines: [{ amount: 3 }] }, "/lines/0/amount")).toBe(3);
  expect(valueAt({ "a/b": 1 }, "/a~1b")).toBe(1);
  expect(valueAt({}, "/constructor")).toBeUndefined();
  expect(valueAt(null, "/x")).toBeUndefined();
});

test("a cell is short and never empty", () => {
  expect(cellText("")).toBe("–");
  expect(cellText(0)).toBe("0");
  expect(cellText(false)).toBe("false");
  expect(cellText("x".repeat(500)).length).toBeLessThan(90);
});
