/**
 * A JSON Schema as a form sees it: a tree of fields, read once. What a form cannot ask for in fields of its own
 * (a union of objects, an open object) is asked for as JSON, so that no schema leaves a person stuck.
 */

/** Any JSON. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What is asked of a value besides its kind; the words of JSON Schema. */
export interface Rules {
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  /** A value that is right, from the schema's `examples`. */
  example?: string;
}

interface Base {
  /** What stands above the field. */
  title: string;
  /** What stands below it. */
  help?: string | undefined;
  required: boolean;
  nullable: boolean;
  rules: Rules;
  /** What it begins with. */
  initial?: Json | undefined;
}

/** One of a few values, with the words for each. */
export interface Option {
  value: Json;
  label: string;
}

export type TextKind = "text" | "lines" | "secret" | "email" | "url" | "date" | "moment" | "number" | "integer" | "json";

export type Shape =
  | (Base & { kind: TextKind })
  | (Base & { kind: "switch" })
  | (Base & { kind: "fixed"; value: Json })
  | (Base & { kind: "choice" | "choices"; options: Option[] })
  | (Base & { kind: "list" | "map"; item: Shape })
  | Group;

export type Group = Base & {
  kind: "group";
  fields: [name: string, shape: Shape][];
  /** Whether it may hold more than its fields. */
  open: boolean;
};

/** Levels of a schema that become fields; what lies deeper is asked for as JSON. */
const DEEPEST = 6;
/** Fields of one object that are shown. */
const MOST = 200;
/** More characters than this are a text of several lines. */
const ONE_LINE = 500;
/** Names under which people expect to write several lines. */
const PROSE = /^(text|body|note|notes|message|comment|content|description|memo)$/;
/** How schemas that know no `format` write a day. */
const DAY = /^\^?\(?\^?(\[0-9\]|\\d)\{4\}-(\[0-9\]|\\d)\{2\}-(\[0-9\]|\\d)\{2\}\$?\)?\??\$?$/;

type Schema = { [word: string]: unknown };

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

/** The form of a whole schema: an object's fields, in the order in which the schema names them. */
export function formOf(schema: unknown): Group {
  const shape = shapeOf(schema, "", true, schema, 0);
  if (shape.kind === "group") return shape;
  return { kind: "group", title: "", required: true, nullable: false, rules: {}, fields: [], open: true };
}

function shapeOf(given: unknown, name: string, required: boolean, root: unknown, depth: number): Shape {
  const schema = resolved(given, root, 0);
  const types = typesOf(schema);
  const kinds = types.filter((type) => type !== "null");
  const base: Base = {
    title: text(schema["title"]) ?? worded(name),
    help: text(schema["description"]),
    required,
    nullable: types.includes("null"),
    rules: rulesOf(schema),
    initial: schema["default"] as Json | undefined,
  };
  if ("const" in schema) return { ...base, kind: "fixed", value: schema["const"] as Json };
  const options = optionsOf(schema);
  if (options) return { ...base, nullable: base.nullable || options.some(({ value }) => value === null), kind: "choice", options: options.filter(({ value }) => value !== null) };
  if (kinds.length > 1 || depth > DEEPEST) return { ...base, kind: "json" };
  switch (kinds[0]) {
    case "string":
      return { ...base, kind: textKind(schema, name) };
    case "integer":
    case "number":
      return { ...base, kind: kinds[0] };
    case "boolean":
      return { ...base, kind: "switch" };
    case "array": {
      const item = shapeOf(schema["items"] ?? {}, "", true, root, depth + 1);
      if (item.kind === "choice" && base.rules.uniqueItems) return { ...base, kind: "choices", options: item.options };
      return { ...base, kind: "list", item: { ...item, title: item.title || base.title } };
    }
    case "object":
      return objectOf(schema, base, root, depth);
    default:
      return { ...base, kind: "json" };
  }
}

function objectOf(schema: Schema, base: Base, root: unknown, depth: number): Shape {
  const properties = isSchema(schema["properties"]) ? Object.entries(schema["properties"]).slice(0, MOST) : [];
  const needed = Array.isArray(schema["required"]) ? schema["required"] : [];
  if (properties.length > 0) {
    const fields = properties.map(([name, of]): [string, Shape] => [name, shapeOf(of, name, needed.includes(name), root, depth + 1)]);
    return { ...base, kind: "group", fields, open: schema["additionalProperties"] !== false };
  }
  // An object of names that nobody knows beforehand: pairs, where all values are of one plain kind.
  const patterned = isSchema(schema["patternProperties"]) ? Object.values(schema["patternProperties"]) : [];
  const values = isSchema(schema["additionalProperties"]) ? schema["additionalProperties"] : patterned[0];
  if (values !== undefined && patterned.length < 2) {
    const item = shapeOf(values, "", true, root, depth + 1);
    if (!["group", "list", "map", "json"].includes(item.kind)) return { ...base, kind: "map", item };
  }
  if (depth === 0) return { ...base, kind: "group", fields: [], open: schema["additionalProperties"] !== false };
  return { ...base, kind: "json" };
}

/** The schema itself, with its references within the document followed and its `allOf` folded in. */
function resolved(given: unknown, root: unknown, steps: number): Schema {
  if (!isSchema(given) || steps > DEEPEST) return {};
  const { $ref: target, allOf, ...own } = given;
  let schema: Schema = own;
  if (typeof target === "string") schema = { ...resolved(pointed(root, target), root, steps + 1), ...schema };
  for (const part of Array.isArray(allOf) ? allOf : []) {
    const more = resolved(part, root, steps + 1);
    const properties = isSchema(more["properties"]) ? { ...(isSchema(schema["properties"]) ? schema["properties"] : {}), ...more["properties"] } : schema["properties"];
    const required = [schema["required"], more["required"]].flatMap((names): unknown[] => (Array.isArray(names) ? names : []));
    schema = { ...more, ...schema, ...(properties === undefined ? {} : { properties }), ...(required.length > 0 ? { required } : {}) };
  }
  return schema;
}

function pointed(root: unknown, target: string): unknown {
  if (!target.startsWith("#/")) return undefined;
  const steps = target.slice(2).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce<unknown>((at, step) => (isSchema(at) && Object.hasOwn(at, step) ? at[step] : undefined), root);
}

function typesOf(schema: Schema): string[] {
  const type = schema["type"];
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.filter((one) => typeof one === "string");
  if (isSchema(schema["properties"])) return ["object"];
  return schema["items"] !== undefined ? ["array"] : [];
}

/** The values of an `enum`, or of a `oneOf` or `anyOf` that holds nothing but constants with titles. */
function optionsOf(schema: Schema): Option[] | undefined {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value: Json) => ({ value, label: typeof value === "string" ? value : JSON.stringify(value) }));
  for (const word of ["oneOf", "anyOf"]) {
    const each = schema[word];
    if (!Array.isArray(each) || each.length === 0 || !each.every((one) => isSchema(one) && "const" in one)) continue;
    return (each as Schema[]).map((one) => ({ value: one["const"] as Json, label: text(one["title"]) ?? String(one["const"]) }));
  }
  return undefined;
}

function textKind(schema: Schema, name: string): TextKind {
  const format = schema["format"];
  if (format === "date" || (typeof schema["pattern"] === "string" && DAY.test(schema["pattern"]))) return "date";
  if (format === "date-time") return "moment";
  if (format === "email") return "email";
  if (format === "uri" || format === "url") return "url";
  if (format === "password") return "secret";
  const longest = number(schema["maxLength"]);
  if (longest !== undefined ? longest > ONE_LINE : PROSE.test(name)) return "lines";
  return "text";
}

function rulesOf(schema: Schema): Rules {
  const rules: Rules = {};
  for (const word of ["minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"] as const) {
    const value = number(schema[word]);
    if (value !== undefined) rules[word] = value;
  }
  if (typeof schema["pattern"] === "string") rules.pattern = schema["pattern"];
  if (schema["uniqueItems"] === true) rules.uniqueItems = true;
  const examples = schema["examples"];
  if (Array.isArray(examples) && typeof examples[0] === "string") rules.example = examples[0];
  return rules;
}

/** `due_date` as people write it. */
function worded(name: string): string {
  const words = name.replace(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
