/**
 * Cutting values out of a JSON text without writing them anew.
 *
 * `JSON.parse` and `JSON.stringify` change a record: 1.50 becomes 1.5, and an id of 19 digits another id. So records are found
 * in the provider's text and copied. The text was parsed before, so it is known to be JSON here; what is scanned is its
 * `binary` form, whose indices are those of the bytes.
 */

import { textOfBinary } from "./bytes.ts";

/** From the first byte of a value to behind its last. */
export type Span = readonly [start: number, end: number];

const BLANK = /[ \t\n\r]*/y;
const STRUCTURE = /["[\]{}]/g;
const SIMPLE = /[^,\]}\s]*/y;

/** The value that a JSON pointer (RFC 6901) names. */
export function find(text: string, pointer: string): Span | undefined {
  let start = blank(text, 0);
  const path = steps(pointer);
  const [only] = path;
  if (only === undefined) {
    return [start, start + text.slice(start).trimEnd().length];
  }
  const guessed = path.length === 1 && text[start] === "{" ? guess(text, start, only) : undefined;
  if (guessed !== undefined) {
    return guessed;
  }
  for (const step of path) {
    const found = text[start] === "{" ? member(text, start, step) : element(text, start, step);
    if (found === undefined) {
      return undefined;
    }
    start = found[0];
  }
  return [start, end(text, start)];
}

/** The value that a JSON pointer names, among parsed values. */
export function follow(value: unknown, pointer: string): unknown {
  for (const step of steps(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** The elements of the array at `at`. */
export function elements(text: string, at: number): Span[] {
  const found: Span[] = [];
  let next = blank(text, at + 1);
  while (text[next] !== "]" && next < text.length) {
    const behind = end(text, next);
    found.push([next, behind]);
    next = blank(text, behind);
    if (text[next] === ",") {
      next = blank(text, next + 1);
    }
  }
  return found;
}

/** The members of the object at `at`: the span of the name with its quotes, and of the value. */
export function members(text: string, at: number): { name: Span; value: Span }[] {
  const found: { name: Span; value: Span }[] = [];
  let next = blank(text, at + 1);
  while (text[next] === '"') {
    const name: Span = [next, end(text, next)];
    const start = blank(text, blank(text, name[1]) + 1);
    const value: Span = [start, end(text, start)];
    found.push({ name, value });
    next = blank(text, value[1]);
    if (text[next] === ",") {
      next = blank(text, next + 1);
    }
  }
  return found;
}

/**
 * A long list in an object, which is what nearly every answer is: it most likely ends at the last bracket of the text. A value
 * that can be parsed from its first bracket on is whole, because no JSON list is the beginning of another one; so the parser,
 * which is many times faster than a search by hand, says whether the guess is right.
 */
function guess(text: string, at: number, wanted: string): Span | undefined {
  let next = blank(text, at + 1);
  while (text[next] === '"') {
    const name: Span = [next, end(text, next)];
    const start = blank(text, blank(text, name[1]) + 1);
    if (spelt(text, name) === wanted) {
      const last = text.lastIndexOf("]") + 1;
      const rest = text.slice(last);
      // A second member of this name would win, and may be written with escapes.
      const alone = !rest.includes(`"${wanted}"`) && !rest.includes("\\");
      return text[start] === "[" && alone && isWhole(text.slice(start, last)) ? [start, last] : undefined;
    }
    next = blank(text, end(text, start));
    if (text[next] === ",") {
      next = blank(text, next + 1);
    }
  }
  return undefined;
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A name without its quotes and escapes. */
function spelt(text: string, name: Span): string {
  return JSON.parse(textOfBinary(text.slice(name[0], name[1]))) as string;
}

/** `/a~1b/0` as `["a/b", "0"]`. */
function steps(pointer: string): string[] {
  if (pointer === "") {
    return [];
  }
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replace(/~1/g, "/").replace(/~0/g, "~"));
}

/** Of members with one name the last, as `JSON.parse` has it. */
function member(text: string, at: number, wanted: string): Span | undefined {
  return members(text, at).findLast(({ name }) => spelt(text, name) === wanted)?.value;
}

function element(text: string, at: number, wanted: string): Span | undefined {
  return text[at] === "[" ? elements(text, at)[Number(wanted)] : undefined;
}

function blank(text: string, at: number): number {
  BLANK.lastIndex = at;
  BLANK.test(text);
  return BLANK.lastIndex;
}

/** Behind the value that begins at `at`. */
function end(text: string, at: number): number {
  const first = text[at];
  if (first === '"') {
    return endOfString(text, at);
  }
  if (first !== "{" && first !== "[") {
    SIMPLE.lastIndex = at;
    SIMPLE.test(text);
    return SIMPLE.lastIndex;
  }
  let depth = 0;
  STRUCTURE.lastIndex = at;
  for (let found = STRUCTURE.exec(text); found !== null; found = STRUCTURE.exec(text)) {
    switch (found[0]) {
      case '"':
        STRUCTURE.lastIndex = endOfString(text, found.index);
        break;
      case "{":
      case "[":
        depth += 1;
        break;
      default:
        depth -= 1;
        if (depth === 0) {
          return STRUCTURE.lastIndex;
        }
    }
  }
  return text.length;
}

/** Behind the quote that ends it: the first one before which stands an even number of backslashes. */
function endOfString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === "\\") {
      before -= 1;
    }
    if ((quote - before) % 2 === 1) {
      return quote + 1;
    }
  }
  return text.length;
}
