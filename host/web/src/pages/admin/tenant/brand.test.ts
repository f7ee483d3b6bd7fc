import { expect, test } from "vitest";
import { colourOf, LARGEST_LOGO, wrongLogo } from "./brand";

test("a colour is taken however it was typed, and nothing else is", () => {
  expect(colourOf("#1A2b3C")).toBe("#1a2b3c");
  expect(colourOf(" abc ")).toBe("#aabbcc");
  for (const text of ["", "#12", "red", "#12345g", "#1234567", "url(x)"]) expect(colourOf(text)).toBeUndefined();
});

test("only small SVG and PNG files are logos", () => {
  expect(wrongLogo({ type: "image/png", size: LARGEST_LOGO })).toBeUndefined();
  expect(wrongLogo({ type: "image/png", size: LARGEST_LOGO + 1 })).toContain("64 KiB");
  expect(wrongLogo({ type: "image/jpeg", size: 1 })).toContain("SVG or PNG");
});
