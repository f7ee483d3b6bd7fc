import type { Connector, Publisher, Release, ReleaseStanding } from "@patchbay/client";
import { expect, test } from "vitest";
import { behind, sentence, shares, vouched } from "./standing";

const release = (over: Partial<Release>): Release => ({
  id: "rel_1", connector: "acme.books", version: "1.0.0", state: "active", contract: "0.4.0", digest: "", size: 1, source: "upload", signed_by: "SHA256:a", reason: null,
  created_at: "", state_at: "", activated_at: null, activated_by: null, rest_until: null, set_back_at: null, ...over,
});
const connector = (active: Release | null, latest: Release): Connector => ({ id: "acme.books", name: "Books", active, latest });

test("a release waits only where another one, or none, is in use", () => {
  const active = release({});
  const ready = release({ id: "rel_2", state: "ready" });
  expect(behind(connector(active, ready))).toBe(ready);
  expect(behind(connector(null, ready))).toBe(ready);
  expect(behind(connector(active, active))).toBeUndefined();
  expect(behind(connector(active, release({ id: "rel_2", state: "retained" })))).toBeUndefined();
});

test("a revoked key is never shown as a good signature", () => {
  const publisher = (state: "trusted" | "seen" | "revoked"): Publisher => ({ id: "acme", keys: [{ fingerprint: "SHA256:a", key: "", state, seen_at: "", trusted_at: null, trusted_by: null, revoked_at: null, revoked_by: null }] });
  expect(vouched(release({ signed_by: null }), [publisher("trusted")]).word).toBe("Unsigned");
  expect(vouched(release({}), [publisher("trusted")])).toEqual({ word: "Signed", tone: "good" });
  expect(vouched(release({}), [publisher("revoked")])).toEqual({ word: "Key revoked", tone: "bad" });
  expect(vouched(release({}), [publisher("seen")]).tone).toBe("warn");
});

test("shares add up to all connections", () => {
  const standing = (version: string, connections: number): ReleaseStanding => ({ ...release({ version }), canary: null, connections });
  const parts = shares([standing("1.2.0", 3), standing("1.1.0", 1), standing("1.0.0", 0)]);
  expect(parts.map(({ version, share }) => [version, share])).toEqual([["1.2.0", 0.75], ["1.1.0", 0.25]]);
  expect(shares([standing("1.0.0", 0)])).toEqual([]);
});

test("a reason reads as a sentence", () => {
  expect(sentence("asks for more than was approved")).toBe("Asks for more than was approved.");
  expect(sentence("It broke down.")).toBe("It broke down.");
});
