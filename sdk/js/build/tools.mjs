/**
 * The tools of the build: esbuild, componentize-qjs, TypeScript. Which versions, says the lock file in `tools/`, with the hash of
 * each; they are installed there once, without running anything of theirs.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The SDK's folder. */
export const SDK = join(import.meta.dirname, "..");

/** Installs what a lock file names, when it is not there; without one, what package.json names. Tells so with `told`. */
export function install(folder, told = () => {}) {
  const locked = existsSync(join(folder, "package-lock.json"));
  const names = readFileSync(join(folder, locked ? "package-lock.json" : "package.json"));
  const lock = createHash("sha256").update(names).digest("hex");
  const mark = join(folder, "node_modules", ".patchbay");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) {
    return;
  }
  const verb = locked ? ["ci"] : ["install", "--no-package-lock"];
  told(`npm ${verb[0]} in ${folder}`);
  npm([...verb, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], folder);
  writeFileSync(mark, lock);
}

/** The tools, as `(name) => module`. */
export function tools(told) {
  const folder = join(SDK, "tools");
  install(folder, told);
  return createRequire(join(folder, "package.json"));
}

/**
 * The tools of the other engine, which are large and installed only for those who ask for it. They have no lock file: what they
 * lean on has parts for machines of which the registry does not have every version, and npm then refuses its own lock.
 */
export async function spidermonkey(told) {
  const folder = join(SDK, "tools", "spidermonkey");
  install(folder, told);
  return import(pathToFileURL(join(folder, "node_modules/@bytecodealliance/componentize-js/src/componentize.js")));
}

/** The packages of the project itself, where it has some. */
export function packages(dir, told) {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  if (Object.keys(dependencies).length + Object.keys(devDependencies).length === 0) {
    return;
  }
  if (!existsSync(join(dir, "package-lock.json"))) {
    throw new Error("package.json names packages and there is no package-lock.json: run `npm install --ignore-scripts` once, and keep the file");
  }
  install(dir, told);
}

function npm(args, folder) {
  // On Windows npm is a script, which only a shell runs; no argument comes from anybody else.
  const ended = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (ended.error !== undefined) {
    throw new Error(`npm cannot be run (${ended.error.code}): it comes with Node, https://nodejs.org`);
  }
  if (ended.status !== 0) {
    throw new Error(`npm ${args[0]} failed in ${folder}; what it said stands above`);
  }
}
