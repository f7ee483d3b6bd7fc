/**
 * The table that `src/lines.ts` reads: for each line of the bundle the file and the line that it came from. It is what is left of
 * a source map (ECMA-426) when only the first mapping of each line counts: a tenth of the size, and read without a library. It
 * is text until somebody needs it, because a picture of the parsed table would be a third of the component.
 */

import { isAbsolute, relative, resolve } from "node:path";

import { SDK } from "./tools.mjs";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The table of a source map whose sources are relative to `dir`, as JSON. */
export function table(map, dir) {
  let source = 0;
  let line = 0;
  const lines = map.mappings.split(";").map((segments) => {
    let first = 0;
    for (const segment of segments.split(",").filter((text) => text !== "")) {
      const [, toSource, toLine] = numbers(segment);
      if (toSource !== undefined) {
        source += toSource;
        line += toLine;
        first ||= [source, line + 1];
      }
    }
    return first;
  });
  return JSON.stringify({ files: map.sources.map((file) => named(file, dir)), lines });
}

/** A file as its author knows it; the SDK's own begin with its name. */
function named(file, dir) {
  const path = resolve(dir, file);
  const inSdk = relative(SDK, path);
  if (!inSdk.startsWith("..") && !isAbsolute(inSdk) && !inSdk.startsWith("example")) {
    return `@patchbay/sdk/${inSdk.replaceAll("\\", "/")}`;
  }
  return relative(dir, path).replaceAll("\\", "/");
}

/** The numbers of a segment: base 64, least significant digit first, the lowest bit is the sign. */
function numbers(segment) {
  const found = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if ((digit & 32) === 0) {
      const whole = Math.floor(value / 2);
      found.push(value % 2 === 1 ? -whole : whole);
      value = 0;
      shift = 0;
    }
  }
  return found;
}
