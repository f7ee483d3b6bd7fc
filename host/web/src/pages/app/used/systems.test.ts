import type { UsedFunction, UsedSystem } from "@patchbay/client";
import { expect, test } from "vitest";
import { systemsOf, turned } from "./systems";

const system = (connection: string, change: Partial<UsedSystem> = {}): UsedSystem => ({
  connection, name: connection, connector: "acme.books", provider: "Books", status: "active", enabled: true, function_enabled: true, ...change,
});
const ITEMS: UsedFunction[] = [
  { function: "notes", systems: [system("con_a"), system("con_b", { function_enabled: false })], total: 2, available: [] },
  { function: "tasks", systems: [system("con_a")], total: 1, available: [] },
  { function: "code", systems: [], total: 0, available: [] },
];

test("a system is one, with every function that it serves", () => {
  const systems = systemsOf(ITEMS);
  expect([...systems.keys()]).toEqual(["con_a", "con_b"]);
  expect(systems.get("con_a")?.functions).toEqual([{ function: "notes", enabled: true }, { function: "tasks", enabled: true }]);
});

test("the switch of a function turns that function of that system, and back is as before", () => {
  const off = turned(ITEMS, { connection: "con_a", function: "notes", on: false });
  expect(off.flatMap((item) => item.systems.map((one) => [item.function, one.connection, one.function_enabled]))).toEqual([["notes", "con_a", false], ["notes", "con_b", false], ["tasks", "con_a", true]]);
  expect(turned(off, { connection: "con_a", function: "notes", on: true })).toEqual(ITEMS);
});

test("the switch of a system turns it under every function, and no function of it", () => {
  const off = turned(ITEMS, { connection: "con_a", on: false });
  expect(off.flatMap((item) => item.systems.filter((one) => !one.enabled).map((one) => [item.function, one.connection, one.function_enabled]))).toEqual([["notes", "con_a", true], ["tasks", "con_a", true]]);
});
