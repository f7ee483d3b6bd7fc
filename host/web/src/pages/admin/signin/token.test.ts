import { expect, test } from "vitest";
import { pathAfter, tokenIn, tokenOf } from "./token";

test("a token is taken out of whatever was pasted", () => {
  expect(tokenOf("  pbs_abc123\n")).toBe("pbs_abc123");
  expect(tokenOf("http://127.0.0.1:7878/admin/sign-in#pbs_abc123")).toBe("pbs_abc123");
  expect(tokenOf("pbo_key")).toBe("pbo_key");
});

test("only a one-time token is taken from an address", () => {
  expect(tokenIn("#pbs_abc123")).toBe("pbs_abc123");
  expect(tokenIn("#pbo_abc123")).toBeUndefined();
  expect(tokenIn("#page")).toBeUndefined();
  expect(tokenIn("")).toBeUndefined();
});

test("signing in leads to pages of operators only, never to another host", () => {
  expect(pathAfter("/admin/health")).toBe("/admin/health");
  expect(pathAfter("/admin/connectors/acme.books")).toBe("/admin/connectors/acme.books");
  const elsewhere = [undefined, "", "/app/connections", "https://evil.example/admin/x", "//evil.example/admin/x", "/admin//evil.example", "/admin/../app", "/admin/%2e%2e/app", "/admin/x?then=y", "/admin/\\evil.example", "javascript:alert(1)", "/admin/sign-in"];
  for (const then of elsewhere) expect(pathAfter(then)).toBe("/admin/connectors");
});
