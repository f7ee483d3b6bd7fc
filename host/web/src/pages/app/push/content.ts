/** The members of a payload, by the titles that its schema gives them. */

export interface ContentLine {
  name: string;
  title: string;
  text: string;
}

/** In the order of the schema, then what it does not name. */
export function linesOf(schema: unknown, payload: unknown): ContentLine[] {
  if (!isObject(payload)) return payload === undefined || payload === null ? [] : [{ name: "", title: "Content", text: JSON.stringify(payload) }];
  const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {};
  const names = [...Object.keys(properties).filter((name) => Object.hasOwn(payload, name)), ...Object.keys(payload).filter((name) => !Object.hasOwn(properties, name))];
  return names.map((name) => {
    const about = properties[name];
    const title = isObject(about) && typeof about["title"] === "string" ? about["title"] : name;
    return { name, title: title.split(";")[0] ?? title, text: textOf(payload[name]) };
  });
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => typeof one === "string" || typeof one === "number")) return value.join("\n");
  return typeof value === "boolean" ? (value ? "yes" : "no") : JSON.stringify(value, null, 2);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
