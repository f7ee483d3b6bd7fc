import { expect, test } from "vitest";
import { kindsOf, misfit } from "./files";

const pdf = { type: "application/pdf", name: "a.pdf", size: 9 };

test("a file of another type is said before it is uploaded", () => {
  expect(misfit(pdf, ["application/pdf", "image/*"])).toBeUndefined();
  expect(misfit({ ...pdf, type: "image/webp" }, ["application/pdf", "image/*"])).toBeUndefined();
  expect(misfit({ ...pdf, type: "text/html" }, ["application/pdf", "image/*"])).toBe("This kind of item takes PDF and images only.");
  expect(misfit({ ...pdf, type: "imageish/png" }, ["image/*"])).toBeDefined();
});

test("an action that names no types takes all, but nothing empty", () => {
  expect(misfit({ ...pdf, type: "" }, [])).toBeUndefined();
  expect(misfit({ ...pdf, size: 0 }, [])).toBe("It is empty.");
});

test("types are said in words", () => {
  expect(kindsOf([])).toBe("any file");
  expect(kindsOf(["application/pdf"])).toBe("PDF");
  expect(kindsOf(["application/pdf", "text/plain", "application/x-own"])).toBe("PDF, plain text and application/x-own");
});
