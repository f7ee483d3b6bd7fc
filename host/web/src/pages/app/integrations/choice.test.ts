import type { Card } from "@patchbay/client";
import { expect, test } from "vitest";
import { chosen } from "./choice";

const card = (name: string, change: Partial<Card> = {}): Card => ({
  availability: "available", category: "accounting", connector: `acme.${name.toLowerCase()}`, logo: null, name, recommended: false,
  status: "connect", summary: `Reads what ${name} has.`, version: "1.0.0", functions: [], connections: 0, ...change,
});
const CARDS = [
  card("Books"), card("Chat", { category: "communication", status: "active" }), card("Desk", { category: "productivity", recommended: true, status: "action_required" }),
  card("Later", { status: "coming_soon", availability: "coming_soon" }),
];
const names = (...about: Parameters<typeof chosen>) => chosen(...about).cards.map(({ name }) => name);

test("recommended integrations stand first under All, and only there are moved", () => {
  expect(names(CARDS, "all", "")).toEqual(["Desk", "Books", "Chat", "Later"]);
  expect(names(CARDS, "connected", "")).toEqual(["Chat", "Desk"]);
  expect(names(CARDS, "coming_soon", "")).toEqual(["Later"]);
  expect(names(CARDS, "accounting", "")).toEqual(["Books", "Later"]);
});

test("the search looks for every word, in name, summary and category", () => {
  expect(names(CARDS, "all", "  CHAT ")).toEqual(["Chat"]);
  expect(names(CARDS, "all", "reads communication")).toEqual(["Chat"]);
  expect(names(CARDS, "all", "chat books")).toEqual([]);
});

test("each chip says how many it would show, and categories without cards have none", () => {
  expect(chosen(CARDS, "all", "").chips).toEqual([
    { chip: "all", count: 4 }, { chip: "connected", count: 2 }, { chip: "coming_soon", count: 1 }, { chip: "recommended", count: 1 },
    { chip: "accounting", count: 2 }, { chip: "communication", count: 1 }, { chip: "productivity", count: 1 },
  ]);
  expect(chosen(CARDS, "all", "chat").chips.find(({ chip }) => chip === "accounting")).toEqual({ chip: "accounting", count: 0 });
});
