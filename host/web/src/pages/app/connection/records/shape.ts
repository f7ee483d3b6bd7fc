/** What fields records have, from what the host tells of a stream: for the list of fields and the columns of a table. */

export interface RecordField {
  /** JSON pointer; `*` stands for every item of a list. */
  pointer: string;
  /** As people write it: `lines[].amount`. */
  name: string;
  types: string[];
}

/** The fields of a shape (`GET /v1/syncs/{id}/schema`), in the order of their names. What cannot be read is left out. */
export function fieldsOf(shape: unknown): { fields: RecordField[]; truncated: boolean } {
  if (typeof shape !== "object" || shape === null) return { fields: [], truncated: false };
  const fields = Object.entries(shape).flatMap(([pointer, types]): RecordField[] =>
    pointer.startsWith("/") && Array.isArray(types) ? [{ pointer, name: nameOf(pointer), types: types.filter((type) => typeof type === "string") }] : []);
  return { fields: fields.sort((one, other) => one.name.localeCompare(other.name)), truncated: "truncated" in shape && shape.truncated === true };
}

/** The parts of a pointer, as RFC 6901 writes them. */
function steps(pointer: string): string[] {
  return pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function nameOf(pointer: string): string {
  return steps(pointer).reduce((name, step) => (step === "*" ? `${name}[]` : name === "" ? step : `${name}.${step}`), "");
}

/** Columns beside the key and the time. */
const COLUMNS = 5;
/** Names that tell people what a record is, by how much. */
const TELLING = [/^(display_?)?name$|^title$|^subject$/i, /name|title|subject|label/i, /number|code|reference/i, /e-?mail/i, /status|state|type|kind/i, /date|_at$|_on$/i, /amount|total|balance|price/i];

/** The fields that tell most about a record: short values at its top, those with telling names first. */
export function columnsOf(fields: RecordField[], keys: string[]): RecordField[] {
  const weight = ({ name }: RecordField) => {
    const place = TELLING.findIndex((pattern) => pattern.test(name));
    return place === -1 ? TELLING.length : place;
  };
  return fields
    .filter(({ pointer, types }) => steps(pointer).length === 1 && !keys.includes(pointer) && types.some((type) => ["string", "number", "integer", "boolean"].includes(type)) && !types.includes("object") && !types.includes("array"))
    .map((field, place) => ({ field, place, weight: weight(field) }))
    .sort((one, other) => one.weight - other.weight || one.place - other.place)
    .slice(0, COLUMNS)
    .map(({ field }) => field);
}

/** The value at a pointer; none where there is nothing. */
export function valueAt(record: unknown, pointer: string): unknown {
  let at = record;
  for (const step of steps(pointer)) {
    // Only what the record itself has: `constructor` is a field like any other.
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** Characters of a value in a cell. */
const SHORT = 80;

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null || value === "") return "–";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
}
