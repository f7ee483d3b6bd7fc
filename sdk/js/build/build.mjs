/**
 * `node build.mjs DIR WORLD [--engine quickjs|spidermonkey]`: the component of a project, at DIR/.patchbay/component.wasm.
 *
 * `patchbay build` runs it and says which world the manifest needs. Three steps: the packages of the project, where it has some;
 * one bundle of the author's files, the SDK and those packages; and the engine around it, with its memory as it is when the
 * bundle was loaded. The last step runs the author's modules once, in the sandbox: what is wrong with the connector as a whole
 * is said here.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { bundle, entry, explained } from "./bundle.mjs";
import { table } from "./lines.mjs";
import { SDK, packages, spidermonkey, tools } from "./tools.mjs";

const WORLDS = {
  source: { fetch: true, push: false },
  sink: { fetch: false, push: true },
  connector: { fetch: true, push: true },
};

const told = (line) => console.error(line);

/** The file that esbuild begins with: what is global first, then the author's connector, then what the component exports. */
function beginning(file, world, engine) {
  const parts = WORLDS[world];
  const exported = ["auth", ...Object.keys(parts).filter((part) => parts[part])].join(", ");
  const sdk = (path) => JSON.stringify(join(SDK, "src/engine", path));
  return [
    `import ${sdk("globals.ts")};`,
    `import connector from ${JSON.stringify(file)};`,
    `import { serve } from ${sdk("serve.ts")};`,
    `import { engine } from ${sdk(`${engine}.ts`)};`,
    `export const { ${exported} } = serve(connector, ${JSON.stringify(parts)}, engine);`,
  ].join("\n");
}

/** The contract: beside the SDK in a project, beside `sdk` in the repository. */
function contract() {
  const found = [join(SDK, "../../wit"), join(SDK, "../wit")].find((folder) => existsSync(join(folder, "world.wit")));
  if (found === undefined) {
    throw new Error("the contract (wit/world.wit) is not beside the SDK: build with `patchbay build`");
  }
  return found;
}

async function quickjs(require, code, path, world) {
  const { componentize } = require("componentize-qjs");
  const options = { witPath: contract(), jsSource: code, jsPath: path, world, sync: true };
  return (await componentize(options)).component;
}

/** Nothing of WASI that a connector cannot have is put in. */
async function monkey(path, world) {
  const { componentize } = await spidermonkey(told);
  const disableFeatures = ["http", "fetch-event"];
  return (await componentize({ sourcePath: path, witPath: contract(), worldName: world, disableFeatures })).component;
}

/** What an engine says when the author's modules cannot be loaded: the message, and the author's own lines. */
function loading(error, lines) {
  const text = String(error?.message ?? error);
  const said = /(?:Error|Exception): ([^\n]*)/.exec(text.slice(text.lastIndexOf("evaluation: ") + 1))?.[1];
  if (said === undefined) {
    return new Error(`the connector cannot be loaded: ${text}`);
  }
  const { files, lines: origins } = JSON.parse(lines);
  const frames = [...text.matchAll(/at (.*?) ?\(?\S*connector\.js:(\d+)/g)].flatMap(([, name, line]) => {
    const [file, number] = origins[Number(line) - 1] || [];
    const own = file !== undefined && !files[file].startsWith("@patchbay/sdk/") && files[file] !== "patchbay-entry.ts";
    return own ? [`    at ${name} (${files[file]}:${number})`] : [];
  });
  return new Error([`the connector cannot be loaded: ${said}`, ...frames].join("\n"));
}

async function main([folder, world, ...options]) {
  const dir = resolve(folder ?? ".");
  if (!(world in WORLDS)) {
    throw new Error("say which world: source, sink or connector");
  }
  const { patchbay = {} } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  const at = options.indexOf("--engine");
  const engine = at === -1 ? (patchbay.engine ?? "quickjs") : options[at + 1];
  if (engine !== "quickjs" && engine !== "spidermonkey") {
    throw new Error(`there is no engine ${engine}: quickjs (when nothing is said) or spidermonkey`);
  }
  const require = tools(told);
  packages(dir, told);
  const made = await bundle(require, dir, beginning(entry(dir), world, engine)).catch(async (error) => {
    throw error.errors === undefined ? error : new Error(await explained(require, error.errors, "error"));
  });
  if (made.warnings.length > 0) {
    told(await explained(require, made.warnings, "warning"));
  }
  const own = join(dir, ".patchbay");
  mkdirSync(own, { recursive: true });
  const path = join(own, "connector.js");
  const lines = table(made.map, dir);
  // Behind the last line, so that no line before it moves.
  const code = `${made.code}\nglobalThis.__patchbayLines = ${JSON.stringify(lines)};\n`;
  writeFileSync(path, code);
  const making = engine === "quickjs" ? quickjs(require, code, path, world) : monkey(path, world);
  const component = await making.catch((error) => Promise.reject(loading(error, lines)));
  const out = join(own, "component.wasm");
  writeFileSync(`${out}.part`, component);
  renameSync(`${out}.part`, out);
  console.log(out);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
