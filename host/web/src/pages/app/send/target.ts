/**
 * How the target of an item is asked for: by pickers where the connector has them, by plain fields else.
 *
 * The action's picker gives `id`. A picker that depends on others comes after them; what is chosen in those only narrows
 * it. A further member of the target is chosen by the picker that is named like it (`folder`: `folder` or `folders`).
 */
import type { Action, Picker } from "@patchbay/client";

/** One choice to make. */
export interface Chooser {
  picker: Picker;
  /** The member of the target that it gives; none where it only narrows another. */
  member: string | undefined;
  /** Whether the target is none without it. */
  required: boolean;
}

export interface TargetPlan {
  /** In the order in which they are made. */
  choosers: Chooser[];
  /** Members that pickers give: no field asks for them. */
  chosen: string[];
  /** Whether members are left that have to be typed. */
  typed: boolean;
}

/** The plan of an action's target; nothing to ask where it takes none. */
export function targetPlan(action: Pick<Action, "picker" | "target">, pickers: Picker[]): TargetPlan {
  const members = membersOf(action.target);
  const required = requiredOf(action.target);
  const known = new Map(pickers.map((picker) => [picker.name, picker]));
  const choosers: Chooser[] = [];
  const add = (name: string, member: string | undefined, seen: string[] = []) => {
    const picker = known.get(name);
    if (picker === undefined || seen.includes(name)) return;
    const there = choosers.find((chooser) => chooser.picker === picker);
    if (there !== undefined) {
      // It narrows another, and is itself a member.
      if (member !== undefined && there.member === undefined) Object.assign(there, { member, required: required.includes(member) });
      return;
    }
    for (const parent of picker.parents) add(parent, undefined, [...seen, name]);
    choosers.push({ picker, member, required: member === undefined || required.includes(member) });
  };
  if (action.picker !== null && members.includes("id")) add(action.picker, "id");
  for (const member of members) {
    if (member === "id") continue;
    const picker = pickers.find((one) => one.name === member || one.name === `${member}s` || one.name === `${member}es`);
    if (picker !== undefined) add(picker.name, member);
  }
  const chosen = choosers.flatMap((chooser) => (chooser.member === undefined ? [] : [chooser.member]));
  return { choosers, chosen, typed: members.some((member) => !chosen.includes(member)) };
}

/** The pickers whose choice falls with that of one: those that depend on it, near or far. */
export function below(name: string, choosers: Chooser[]): string[] {
  const fallen = new Set<string>([name]);
  // Parents stand before what depends on them.
  for (const { picker } of choosers) if (picker.parents.some((parent) => fallen.has(parent))) fallen.add(picker.name);
  fallen.delete(name);
  return [...fallen];
}

function membersOf(schema: unknown): string[] {
  return isObject(schema) && isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
}

function requiredOf(schema: unknown): string[] {
  return isObject(schema) && Array.isArray(schema["required"]) ? schema["required"].filter((one) => typeof one === "string") : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
