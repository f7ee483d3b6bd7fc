import type { Field } from "@patchbay/client";
import { expect, test } from "vitest";
import { wrongIn } from "./loginFields";

const field = (change: Partial<Field>): Field => ({ id: "f", label: "F", help: null, optional: false, options: [], pattern: null, suffix: null, type: "text", ...change });

test("what the host would take is taken, and what it would refuse is said before it is sent", () => {
  const cases: [Partial<Field>, string, boolean][] = [
    [{ pattern: "[a-z]+_[0-9]+" }, "  ab_12\n", true],
    [{ pattern: "[a-z]+_[0-9]+" }, "ab_12 x", false],
    [{}, "   ", false],
    [{ optional: true }, "", true],
    [{ type: "secret", pattern: "[a-z]+_[0-9]+" }, "ab_12", true],
    [{ type: "secret", pattern: "[a-z]+_[0-9]+" }, "ab_12 ", false],
    [{ type: "date" }, "2026-11-21", true],
    [{ type: "date" }, "tomorrow", false],
    [{ type: "origin" }, " Books.Acme.example/web ", true],
    [{ type: "origin" }, "http://books.acme.example", false],
    [{ type: "origin" }, "books", false],
    [{ type: "subdomain", suffix: ".example.com" }, "https://Acme.example.com/", true],
    [{ type: "subdomain", suffix: ".example.com" }, "my-firm-2", true],
    [{ type: "subdomain", suffix: ".example.com" }, "https://acme.evil.example/", false],
    [{ pattern: "(" }, "what only the host can read", true],
  ];
  for (const [about, value, right] of cases) expect([value, wrongIn(field(about), value)]).toEqual([value, right ? undefined : expect.any(String)]);
});

test("a secret is never quoted in what is said about it", () => {
  expect(wrongIn(field({ type: "secret", pattern: "x" }), "hunter2")).not.toContain("hunter2");
});
