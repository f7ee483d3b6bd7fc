/**
 * A publisher's regular expression, tried before the host tries it. The host's engine cannot be made to hang; the
 * browser's can, so a pattern that could backtrack without end is left to the host, and so is what it cannot read.
 */

/** Characters of a value that a pattern is tried on. */
const LONGEST = 500;
/** Repetitions without a bound in a pattern that is tried: with three the worst value takes a fraction of a second. */
const REPETITIONS = 3;
/** Characters of a pattern that is tried. */
const LONGEST_PATTERN = 500;

/** Whether the pattern is found in the value; `undefined` where only the host can tell. */
export function found(pattern: string, value: string): boolean | undefined {
  if (value.length > LONGEST || pattern.length > LONGEST_PATTERN || mayHang(pattern)) return undefined;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return undefined;
  }
}

/** Whether the pattern matches the whole value, as patterns of login fields do. */
export function matchesWhole(pattern: string, value: string): boolean | undefined {
  return found(`^(?:${pattern})$`, value);
}

/**
 * Whether something that repeats without a bound holds a repetition or an alternative itself (`(a+)+`, `(a|a)*`), or
 * many unbounded repetitions stand in it: what makes backtracking take for ever.
 */
function mayHang(pattern: string): boolean {
  const plain = pattern.replace(/\\./g, "x").replace(/\[\^?\]?[^\]]*\]/g, "x");
  // From the innermost group outwards; each becomes a mark that says whether it can vary.
  let rest = plain;
  for (let before = ""; before !== rest; ) {
    before = rest;
    rest = rest.replace(/\((?:\?[:=!]|\?<[=!]?(?:\w+>)?)?([^()]*)\)/g, (_, inside: string) => (/[*+?{|V]/.test(inside) ? "V" : "x"));
  }
  return /V(?:[*+]|\{\d+,\})/.test(rest) || (plain.match(/[*+]|\{\d+,\}/g) ?? []).length > REPETITIONS;
}
