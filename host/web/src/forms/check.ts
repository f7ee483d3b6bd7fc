/** What is wrong in a draft, in words with what to do, by JSON pointer. The host checks again and has the last word. */
import { count, plural } from "~/ui/format";
import { drafts, isEmpty, jsonOf, numberOf, typed, within, type Draft } from "./draft";
import { found } from "./pattern";
import type { Rules, Shape } from "./shape";

/** RFC 6901: the pointer to a member. */
export function under(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Everything that is wrong, by pointer, in the order of the form. */
export function checked(shape: Shape, draft: Draft, pointer = ""): Map<string, string> {
  const wrong = new Map<string, string>();
  look(shape, draft, pointer, wrong);
  return wrong;
}

function look(shape: Shape, draft: Draft, pointer: string, wrong: Map<string, string>): void {
  if (shape.kind === "fixed" || shape.kind === "switch") return;
  if (isEmpty(shape, draft) && !begunToType(shape, draft)) {
    if (shape.kind === "list" || shape.kind === "choices") {
      const least = shape.rules.minItems ?? 0;
      if (shape.required && least > 0) wrong.set(pointer, `Add at least ${count(least)}.`);
    } else if (shape.kind === "group" && shape.required) {
      inside(shape.fields, draft, pointer, wrong);
    } else if (shape.required && !shape.nullable && shape.kind !== "map") {
      wrong.set(pointer, shape.kind === "choice" ? "Choose one." : "Fill this in.");
    }
    return;
  }
  switch (shape.kind) {
    case "group":
      return inside(shape.fields, draft, pointer, wrong);
    case "list":
    case "choices": {
      // A row that was added and left empty counts for nothing.
      const items = shape.kind === "list" ? drafts(draft).filter((item) => !isEmpty(shape.item, item)) : drafts(draft);
      const about = amount(items.length, shape.rules) ?? (shape.rules.uniqueItems && new Set(items.map((item) => JSON.stringify(item))).size < items.length ? "Something stands here twice. Remove one of the two." : undefined);
      if (about) wrong.set(pointer, about);
      if (shape.kind === "list") drafts(draft).forEach((item, place) => look({ ...shape.item, required: false }, item, under(pointer, place), wrong));
      return;
    }
    case "map": {
      const names = drafts(draft).map((pair) => typed(within(pair, "name")).trim());
      drafts(draft).forEach((pair, place) => {
        const name = names[place] ?? "";
        const at = under(pointer, name === "" ? place : name);
        if (name === "" && !isEmpty(shape.item, within(pair, "value"))) wrong.set(at, "Name it, or remove it.");
        else if (name !== "" && names.indexOf(name) < place) wrong.set(at, "This name stands here twice. Remove one of the two.");
        else if (name !== "") look(shape.item, within(pair, "value"), at, wrong);
      });
      return;
    }
    case "choice":
      return;
    default: {
      const about = leaf(shape.kind, typed(draft), shape.rules);
      if (about) wrong.set(pointer, about);
    }
  }
}

function inside(fields: [string, Shape][], draft: Draft, pointer: string, wrong: Map<string, string>): void {
  for (const [name, field] of fields) look(field, within(draft, name), under(pointer, name), wrong);
}

/** Whether something stands there that means no value yet. */
function begunToType(shape: Shape, draft: Draft): boolean {
  return shape.kind === "json" || shape.kind === "moment" ? typed(draft).trim() !== "" : shape.kind === "map" && drafts(draft).length > 0;
}

function leaf(kind: Shape["kind"], text: string, rules: Rules): string | undefined {
  switch (kind) {
    case "number":
    case "integer": {
      const value = numberOf(text);
      if (value === undefined) return kind === "integer" ? "Write a whole number, such as 12." : "Write a number, such as 12.5.";
      if (kind === "integer" && !Number.isInteger(value)) return "Write a whole number, such as 12.";
      return size(value, rules);
    }
    case "json":
      return jsonOf(text) === undefined ? "This is not JSON. Check quotation marks, commas and brackets." : undefined;
    case "moment":
      return Number.isNaN(Date.parse(text)) ? "Write a day and a time." : undefined;
    case "date":
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return "Write a day as year-month-day, such as 2026-11-21.";
      break;
    case "email":
      if (!/^[^\s@]+@[^\s@]+$/.test(text)) return "This is not an e-mail address. Write it like name@example.com.";
      break;
    case "url":
      if (!URL.canParse(text)) return "This is not an address. Paste it whole, beginning with https://.";
      break;
    default:
  }
  const length = [...text].length;
  if (rules.minLength !== undefined && length < rules.minLength) return `Write at least ${plural(rules.minLength, "character")}; this has ${count(length)}.`;
  if (rules.maxLength !== undefined && length > rules.maxLength) return `Write at most ${plural(rules.maxLength, "character")}; this has ${count(length)}.`;
  if (rules.pattern !== undefined && found(rules.pattern, text) === false) return rules.example ? `This does not look right. Write it like ${rules.example}.` : "This does not look right. Compare it with what is asked for.";
  return undefined;
}

function size(value: number, rules: Rules): string | undefined {
  if (rules.minimum !== undefined && value < rules.minimum) return `Write ${count(rules.minimum)} or more.`;
  if (rules.maximum !== undefined && value > rules.maximum) return `Write ${count(rules.maximum)} or less.`;
  if (rules.exclusiveMinimum !== undefined && value <= rules.exclusiveMinimum) return `Write more than ${count(rules.exclusiveMinimum)}.`;
  if (rules.exclusiveMaximum !== undefined && value >= rules.exclusiveMaximum) return `Write less than ${count(rules.exclusiveMaximum)}.`;
  // Decimal steps are not exact in binary; a millionth of a step is nobody's mistake.
  const steps = rules.multipleOf ? value / rules.multipleOf : 0;
  if (Math.abs(steps - Math.round(steps)) > 1e-6) return `Write a multiple of ${count(rules.multipleOf ?? 1)}.`;
  return undefined;
}

function amount(items: number, rules: Rules): string | undefined {
  if (rules.minItems !== undefined && items < rules.minItems) return `Add at least ${count(rules.minItems)}; here are ${count(items)}.`;
  if (rules.maxItems !== undefined && items > rules.maxItems) return `Keep at most ${count(rules.maxItems)}; here are ${count(items)}.`;
  return undefined;
}
