import { expect, test } from "vitest";
import { Refused } from "~/api/client";
import { said, saidOf, saysMore } from "./said";

const refused = (...errors: { pointer: string; detail: string }[]) =>
  new Refused({ type: "", title: "", status: 422, code: "PB9001", detail: "Wrong", errors, operator: null, retry_after: null });

test("what the host says of a field is a sentence that names it", () => {
  expect(said("Address", "must begin with https://")).toBe("Address must begin with https://.");
  expect(said("Address", "This host cannot be reached.")).toBe("This host cannot be reached.");
});

test("a refusal of one field stands at that field, and what is left stands elsewhere", () => {
  const one = refused({ pointer: "/url", detail: "is missing" });
  expect([saidOf(one, "/url", "Address"), saidOf(one, "/name", "Name"), saidOf(null, "/url", "Address")]).toEqual(["Address is missing.", undefined, undefined]);
  expect([saysMore(one, ["/url"]), saysMore(one, ["/name"]), saysMore(refused(), ["/url"]), saysMore(null, [])]).toEqual([false, true, true, false]);
  expect(saysMore(refused({ pointer: "/url", detail: "is missing" }, { pointer: "/kinds", detail: "is missing" }), ["/url"])).toBe(true);
});
