/**
 * `node test.mjs DIR`: runs DIR/tests/*.test.{ts,js} with Node's own test runner. Node reads no TypeScript, so each file is
 * bundled first; a stack names the author's lines all the same.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { ALIAS } from "./bundle.mjs";
import { packages, tools } from "./tools.mjs";

const dir = resolve(process.argv[2] ?? ".");
const told = (line) => console.error(line);

function found(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    const others = entry.name.startsWith(".") || entry.name === "node_modules";
    return entry.isDirectory() ? (others ? [] : found(path)) : /\.test\.(ts|js|mjs)$/.test(entry.name) ? [path] : [];
  });
}

try {
  const require = tools(told);
  packages(dir, told);
  const out = join(dir, ".patchbay", "tests");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const files = found(join(dir, "tests"));
  if (files.length === 0) {
    throw new Error("there is no tests/*.test.ts");
  }
  await require("esbuild").build({
    entryPoints: files,
    absWorkingDir: dir,
    outdir: out,
    outbase: join(dir, "tests"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    alias: ALIAS,
    sourcemap: "inline",
    logLevel: "warning",
  });
  const args = ["--enable-source-maps", "--test", ...found(out)];
  process.exitCode = spawnSync(process.execPath, args, { cwd: dir, stdio: "inherit" }).status ?? 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
