import { expect, test } from "vitest";
import { originsOf, widens } from "./origins";

test("an origin is taken as the host compares it", () => {
  expect(originsOf(" https://Books.Example.com/ \n\nhttps://erp.example.com:8443\nhttps://books.example.com")).toEqual({ listed: ["https://books.example.com", "https://erp.example.com:8443"] });
});

test("whatever is more or less than an origin is named", () => {
  for (const wrong of ["books.example.com", "http://books.example.com", "https://books.example.com/path", "https://user@books.example.com", "https://books.example.com?x=1"]) {
    expect(originsOf(`https://erp.example.com\n${wrong}`).wrong).toBe(wrong);
  }
});

test("only what may reach more asks first", () => {
  expect(widens("none", "any_public")).toBe(true);
  expect(widens({ listed: ["https://a.example"] }, { listed: ["https://a.example", "https://b.example"] })).toBe(true);
  expect(widens({ listed: ["https://a.example", "https://b.example"] }, { listed: ["https://a.example"] })).toBe(false);
  expect(widens("any_public", { listed: ["https://a.example"] })).toBe(false);
  expect(widens("any_public", "none")).toBe(false);
});
