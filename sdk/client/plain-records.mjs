/**
 * A schema of the host is called `Record`, and would hide TypeScript's own type of this name in the generated file: there
 * `Record<string, unknown>` would mean nothing. It is written out instead.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [path] = process.argv.slice(2);
const text = readFileSync(path, "utf8");
writeFileSync(path, text.replace(/\bRecord<string, (?:unknown|never)>/g, "{ [name: string]: unknown }"));
