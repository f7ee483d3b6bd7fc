/** What lies between two objects, as a JSON Merge Patch (RFC 7396). */
import type { Json, JsonObject } from "~/forms/shape";

/** The patch that makes `to` of `from`; nothing where they are the same. */
export function mergePatch(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[name];
    const after = to[name];
    if (after === undefined) patch[name] = null;
    else if (isObject(before) && isObject(after)) {
      const inside = mergePatch(before, after);
      if (Object.keys(inside).length > 0) patch[name] = inside;
    } else if (JSON.stringify(before) !== JSON.stringify(after)) patch[name] = after;
  }
  return patch;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
