/**
 * What stands in a form while somebody types, and the JSON that it means. A draft keeps what was typed even where it is
 * no value yet ("12." of a number); an empty field means that nothing was said.
 */
import type { Group, Json, JsonObject, Shape } from "./shape";

/** Texts as typed; choices as the places of their options; pairs of an open object as a list of two texts. */
export type Draft = string | boolean | undefined | Draft[] | { [name: string]: Draft };

/** A name and what is typed behind it. */
export type Pair = { name: string; value: Draft };

export const drafts = (draft: Draft): Draft[] => (Array.isArray(draft) ? draft : []);
export const typed = (draft: Draft): string => (typeof draft === "string" ? draft : "");
export const within = (draft: Draft, name: string): Draft => (typeof draft === "object" && !Array.isArray(draft) && Object.hasOwn(draft, name) ? draft[name] : undefined);

/** The draft that shows a value; without one, what the schema begins with. */
export function begun(shape: Shape, value: Json | undefined): Draft {
  const from = value ?? (shape.required || shape.kind !== "group" ? shape.initial : undefined);
  switch (shape.kind) {
    case "fixed":
      return undefined;
    case "switch":
      return typeof from === "boolean" ? from : shape.required ? false : undefined;
    case "choice":
      return placeOf(shape.options, from);
    case "choices":
      return Array.isArray(from) ? from.map((one) => placeOf(shape.options, one)).filter((place) => place !== "") : [];
    case "list":
      return Array.isArray(from) ? from.map((one) => begun(shape.item, one)) : [];
    case "map":
      return Object.entries(objectOf(from) ?? {}).map(([name, one]) => ({ name, value: begun(shape.item, one) }));
    case "group": {
      const object = objectOf(from);
      // An optional part that was not given begins empty: its defaults would say that it is wanted.
      const wanted = shape.required || object !== undefined;
      return Object.fromEntries(shape.fields.map(([name, field]) => [name, begun(wanted ? field : { ...field, initial: undefined }, object && Object.hasOwn(object, name) ? object[name] : undefined)]));
    }
    case "json":
      return from === undefined ? "" : JSON.stringify(from, null, 2);
    case "moment":
      return typeof from === "string" ? localMoment(from) : "";
    default:
      return from === undefined || from === null ? "" : String(from);
  }
}

/** The value that a draft means; `undefined` for nothing said. What is wrong in it (`check.ts`) is left as it is. */
export function meant(shape: Shape, draft: Draft): Json | undefined {
  const value = valueOf(shape, draft);
  return value === undefined && shape.required && shape.nullable ? null : value;
}

function valueOf(shape: Shape, draft: Draft): Json | undefined {
  switch (shape.kind) {
    case "fixed":
      return shape.value;
    case "switch":
      return typeof draft === "boolean" ? draft : undefined;
    case "choice":
      return shape.options[Number(draft || NaN)]?.value;
    case "choices": {
      // In the schema's order, whatever the order of the clicks.
      const chosen = drafts(draft);
      const values = shape.options.flatMap((option, place) => (chosen.includes(String(place)) ? [option.value] : []));
      return values.length > 0 || shape.required ? values : undefined;
    }
    case "list": {
      const values = drafts(draft).flatMap((one) => meant({ ...shape.item, required: false }, one) ?? []);
      return values.length > 0 || shape.required ? values : undefined;
    }
    case "map": {
      const pairs = drafts(draft).flatMap((pair): [string, Json][] => {
        const name = typed(within(pair, "name")).trim();
        const value = meant(shape.item, within(pair, "value"));
        return name === "" || value === undefined ? [] : [[name, value]];
      });
      return pairs.length > 0 || shape.required ? Object.fromEntries(pairs) : undefined;
    }
    case "group":
      return groupOf(shape, draft);
    case "number":
    case "integer": {
      const text = typed(draft).trim();
      return text === "" ? undefined : numberOf(text) ?? text;
    }
    case "json":
      return jsonOf(typed(draft));
    case "moment": {
      const moment = Date.parse(typed(draft));
      return Number.isNaN(moment) ? undefined : new Date(moment).toISOString();
    }
    default: {
      const text = typed(draft);
      return text === "" ? undefined : text;
    }
  }
}

function groupOf(group: Group, draft: Draft): JsonObject | undefined {
  const said = group.fields.flatMap(([name, field]): [string, Json][] => {
    const value = field.kind === "fixed" ? undefined : meant(field, within(draft, name));
    return value === undefined ? [] : [[name, value]];
  });
  if (!group.required && !said.some(([name]) => speaks(group, name, draft))) return undefined;
  const fixed = group.fields.flatMap(([name, field]): [string, Json][] => (field.kind === "fixed" ? [[name, field.value]] : []));
  return Object.fromEntries([...fixed, ...said]);
}

/** Whether a field of an optional group says that the group is wanted: an empty list that is required does not. */
function speaks(group: Group, name: string, draft: Draft): boolean {
  const field = group.fields.find(([of]) => of === name)?.[1];
  return field !== undefined && valueOf({ ...field, required: false }, within(draft, name)) !== undefined;
}

/** The draft without rows that were left empty, so that the places in it are those in the value. */
export function pruned(shape: Shape, draft: Draft): Draft {
  if (shape.kind === "list") return drafts(draft).filter((one) => !isEmpty(shape.item, one)).map((one) => pruned(shape.item, one));
  if (shape.kind === "map") return drafts(draft).filter((pair) => typed(within(pair, "name")).trim() !== "");
  if (shape.kind !== "group") return draft;
  return Object.fromEntries(shape.fields.map(([name, field]) => [name, pruned(field, within(draft, name))]));
}

/** Whether anything was said. */
export function isEmpty(shape: Shape, draft: Draft): boolean {
  return valueOf({ ...shape, required: false }, draft) === undefined;
}

/** A number as people write it; a comma may stand for the point. */
export function numberOf(text: string): number | undefined {
  const plain = text.trim().replace(/^([-+]?\d+),(\d+)$/, "$1.$2");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
}

/** The JSON of a text; `undefined` for none and for what is not JSON. */
export function jsonOf(text: string): Json | undefined {
  try {
    return text.trim() === "" ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

const objectOf = (value: Json | undefined): JsonObject | undefined => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined);

function placeOf(options: { value: Json }[], value: Json | undefined): string {
  const wanted = JSON.stringify(value);
  const place = options.findIndex((option) => JSON.stringify(option.value) === wanted);
  return place < 0 ? "" : String(place);
}

/** A moment as the browser's own field wants it: the viewer's clock, to the minute. */
function localMoment(at: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return "";
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
