import type { Picker } from "@patchbay/client";
import { expect, test } from "vitest";
import { below, targetPlan } from "./target";

const picker = (name: string, ...parents: string[]): Picker => ({ name, parents, title: name, refreshable: false });
const target = (required: string[], ...members: string[]) => ({ type: "object", required, properties: Object.fromEntries(members.map((name) => [name, { type: "string" }])) });
const names = (plan: ReturnType<typeof targetPlan>) => plan.choosers.map(({ picker: { name }, member }) => (member ? `${name}=${member}` : name));

test("the action's picker gives the id", () => {
  const plan = targetPlan({ picker: "clients", target: target(["id"], "id") }, [picker("clients"), picker("other")]);
  expect(names(plan)).toEqual(["clients=id"]);
  expect(plan).toMatchObject({ chosen: ["id"], typed: false });
});

test("what a picker depends on is chosen before it, and only narrows it", () => {
  const plan = targetPlan({ picker: "files", target: target(["id"], "id") }, [picker("files", "folders"), picker("folders", "roots"), picker("roots")]);
  expect(names(plan)).toEqual(["roots", "folders", "files=id"]);
  expect(below("roots", plan.choosers)).toEqual(["folders", "files"]);
  expect(below("files", plan.choosers)).toEqual([]);
});

test("a further member is chosen by the picker that is named like it", () => {
  const plan = targetPlan({ picker: "clients", target: target(["id"], "id", "folder", "period") }, [picker("clients"), picker("folders", "clients")]);
  expect(names(plan)).toEqual(["clients=id", "folders=folder"]);
  expect(plan.choosers.map((chooser) => chooser.required)).toEqual([true, false]);
  expect(plan).toMatchObject({ chosen: ["id", "folder"], typed: true });
});

test("a choice that narrows another and is a member too is both", () => {
  const plan = targetPlan({ picker: "folders", target: target(["id", "client"], "id", "client") }, [picker("clients"), picker("folders", "clients")]);
  expect(names(plan)).toEqual(["clients=client", "folders=id"]);
});

test("pickers that depend on each other, or are not there, end", () => {
  expect(names(targetPlan({ picker: "a", target: target([], "id") }, [picker("a", "b"), picker("b", "a")]))).toEqual(["b", "a=id"]);
  expect(targetPlan({ picker: "gone", target: target(["id"], "id") }, [])).toEqual({ choosers: [], chosen: [], typed: true });
  expect(targetPlan({ picker: null, target: null }, [picker("a")])).toEqual({ choosers: [], chosen: [], typed: false });
});
