/**
 * Where in the author's files a mistake is.
 *
 * A component holds one file that was bundled from many, so an engine's stack names lines of that one. The build leaves a
 * table behind: for each line of the bundle the file and the line that it came from.
 */

interface Table {
  files: string[];
  /** For each line of the bundle: index of its file and line in it, or 0 for a line of nobody's. */
  lines: (readonly [number, number] | 0)[];
}

const FRAME = /^\s*at (?:(.*?) \()?(?:.*?)([^/\\(:]+):(\d+)(?::\d+)?\)?$/;
const FRAMES = 6;

/** A stack in the author's words, the nearest call first; as it is where there is no table. */
export function readable(stack: string | undefined): string[] {
  const text = (globalThis as { __patchbayLines?: string }).__patchbayLines;
  const table = text === undefined ? undefined : (JSON.parse(text) as Table);
  const frames: string[] = [];
  for (const line of (stack ?? "").split("\n")) {
    const found = FRAME.exec(line);
    if (found === null) {
      continue;
    }
    const [, name, file, number] = found;
    const origin = table?.lines[Number(number) - 1] || undefined;
    const place = origin === undefined ? `${file}:${number}` : `${table?.files[origin[0]]}:${origin[1]}`;
    if (!place.startsWith("@patchbay/sdk/")) {
      frames.push(name === undefined || name === "" ? place : `${name} (${place})`);
    }
  }
  return frames.slice(0, FRAMES);
}
