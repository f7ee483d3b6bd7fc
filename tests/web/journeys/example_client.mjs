// The example of the published client, as a stranger has it: packed, unpacked into an empty project, started. Its page opens Link
// in a window of its own, and lists what was connected there: the public API is enough for another web app.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { holds } from "../check.mjs";
import { throughLink } from "../link.mjs";

const CLIENT = new URL("../../../sdk/client/", import.meta.url).pathname;

export default async function ({ world, browser }) {
  const project = mkdtempSync(join(tmpdir(), "patchbay-example-"));
  try {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: CLIENT, stdio: ["ignore", "ignore", "inherit"] });
    const [packed] = readdirSync(project);
    execFileSync("tar", ["-xzf", packed], { cwd: project });
    mkdirSync(join(project, "node_modules/@patchbay"), { recursive: true });
    renameSync(join(project, "package"), join(project, "node_modules/@patchbay/client"));
    // Its one dependency, without asking a registry.
    cpSync(join(CLIENT, "node_modules/openapi-fetch"), join(project, "node_modules/openapi-fetch"), { recursive: true, dereference: true });

    const environment = { PATH: process.env.PATH, PATCHBAY_URL: world.base, PATCHBAY_KEY: world.tenant.key, PORT: "0" };
    const backend = spawn("node", ["node_modules/@patchbay/client/examples/serve.mjs"], { cwd: project, env: environment, stdio: ["ignore", "pipe", "inherit"] });
    try {
      const address = await new Promise((heard, failed) => {
        createInterface({ input: backend.stdout }).on("line", (line) => heard(line.replace("open ", "")));
        backend.on("exit", () => failed(new Error("the example ended")));
      });
      const person = await browser.person();
      const page = await person.open(address);
      await page.getByText("Nothing is connected yet.").waitFor();
      const [link] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: "Connect software" }).click()]);
      await throughLink(link, world.base, { software: world.software, way: world.login, fields: world.fields });
      await link.getByText("Connected. You can close this window.").waitFor();
      await page.getByRole("listitem").filter({ hasText: "active" }).waitFor();
      await page.getByText("Connected.", { exact: true }).waitFor();

      // The key stays with the backend, which passes on two calls and nothing else.
      const sources = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name));
      const texts = await Promise.all(sources.map(async (source) => (await fetch(source, { headers: { "sec-fetch-site": "same-origin" } })).text()));
      holds(![await page.content(), ...texts].some((text) => text.includes(world.tenant.key)), "the browser never has the key");
      const refused = await page.evaluate(async () => (await fetch("/v1/webhooks")).status);
      holds(refused === 404, "nothing else is passed on");
    } finally {
      backend.kill();
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
