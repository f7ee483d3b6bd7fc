/** `node types.mjs DIR`: asks TypeScript whether the types fit, by DIR/tsconfig.json. Neither build nor tests need it. */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

import { packages, tools } from "./tools.mjs";

try {
  const dir = resolve(process.argv[2] ?? ".");
  const told = (line) => console.error(line);
  const compiler = tools(told).resolve("typescript/bin/tsc");
  packages(dir, told);
  process.exitCode = spawnSync(process.execPath, [compiler, "--project", dir], { stdio: "inherit" }).status ?? 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
