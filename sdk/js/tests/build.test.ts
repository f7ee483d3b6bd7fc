import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { readable } from "../src/lines.ts";

test("a line of the bundle is told as the author's own", async () => {
  const { table } = (await import(join(process.cwd(), "build/lines.mjs"))) as {
    table(map: { sources: string[]; mappings: string }, dir: string): string;
  };
  // Two files: line 1 of the bundle is line 1 of a.ts, line 2 nobody's, line 3 is line 4 of b.ts, line 4 line 1 of a.ts again.
  const map = { sources: ["src/a.ts", "src/b.ts"], mappings: "AAAA,IAAI;;ACGA;ADHA" };
  const text = table(map, "/project");
  assert.deepEqual(JSON.parse(text), { files: ["src/a.ts", "src/b.ts"], lines: [[0, 1], 0, [1, 4], [0, 1]] });
  const scope = globalThis as { __patchbayLines?: string };
  scope.__patchbayLines = text;
  assert.deepEqual(readable("    at read (/x/connector.js:3:7)\n    at /x/connector.js:1:1\n    at native"), ["read (src/b.ts:4)", "src/a.ts:1"]);
  delete scope.__patchbayLines;
});
