/** From many files to one, with esbuild: TypeScript and packages need nothing further. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { SDK } from "./tools.mjs";

/** The SDK's names, wherever an author's file says them. */
export const ALIAS = {
  "@patchbay/sdk": join(SDK, "src/index.ts"),
  "@patchbay/sdk/testing": join(SDK, "src/testing/index.ts"),
};

const ENTRIES = ["src/connector.ts", "src/connector.js", "src/connector.mjs", "src/index.ts", "src/index.js"];

/** The author's file whose default export is the connector: `main` of package.json, or one of the usual names. */
export function entry(dir) {
  const { main } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  const found = [...(main === undefined ? [] : [main]), ...ENTRIES].find((file) => existsSync(join(dir, file)));
  if (found === undefined) {
    throw new Error(`there is no src/connector.ts (or .js), and package.json names no other file as "main"`);
  }
  return join(dir, found);
}

/**
 * The bundle of a file that is only in memory, and its source map. It is not made smaller: names stay as the author wrote
 * them, so that a stack can be read.
 */
export async function bundle(require, dir, text) {
  const built = await require("esbuild").build({
    stdin: { contents: text, resolveDir: dir, sourcefile: "patchbay-entry.ts", loader: "ts" },
    absWorkingDir: dir,
    bundle: true,
    write: false,
    outfile: "connector.js",
    format: "esm",
    platform: "neutral",
    target: "es2023",
    mainFields: ["module", "main"],
    conditions: ["import", "module"],
    external: ["patchbay:*"],
    alias: ALIAS,
    // Only a file that uses `URL` gets it.
    inject: [join(SDK, "build/url.mjs")],
    nodePaths: [join(SDK, "tools/node_modules")],
    define: { "process.env.NODE_ENV": '"production"' },
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  });
  const file = (end) => built.outputFiles.find(({ path }) => path.endsWith(end)).text;
  return { code: file(".js"), map: JSON.parse(file(".map")), warnings: built.warnings };
}

/** esbuild's messages with file and line; of a package that only Node has, also why. */
export async function explained(require, messages, kind) {
  const node = messages.some(({ notes }) => notes.some(({ text }) => text.includes("built into node")));
  // esbuild's notes advise what does not help here.
  const plain = node ? messages.map((message) => ({ ...message, notes: [] })) : messages;
  const told = await require("esbuild").formatMessages(plain, { kind, color: false });
  const why = "\nA connector has no Node around it: no files, no sockets, no `node:` modules. Packages that need them cannot be used.";
  return told.join("\n").trimEnd() + (node ? why : "");
}
