// Trouble appears by itself on a page that is open, says what to do, and goes when that was done: a *Warning* when data cannot be
// read, *Action required* when the login is no longer accepted.

import { call, holds, until } from "../check.mjs";
import { colleague } from "../doors.mjs";
import { honest, misbehave } from "../providers.mjs";

const REFUSED = { kind: "answer", status: 401, body: '{"message":"Bad credentials"}', headers: [["content-type", "application/json"]] };
const NONSENSE = { kind: "answer", status: 200, body: "<!doctype html><title>Maintenance</title>", headers: [["content-type", "text/html"]] };

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  person.tolerate(/status of 4\d\d/);
  await page.goto("/app/connections");
  await page.evaluate(() => (globalThis.neverReloaded = true));
  const row = page.getByRole("row").filter({ hasText: world.name });
  await row.getByText("Active", { exact: true }).waitFor();

  // The provider answers with a page of its maintenance.
  await misbehave(world.provider, { path: "/", times: 0, act: NONSENSE });
  const syncs = await call(world, world.tenant, "GET", `/v1/connections/${world.connection}/syncs`);
  const run = (sync) => call(world, world.tenant, "POST", `/v1/syncs/${sync.id}/run`, {});
  const [sync] = syncs.items.filter((sync) => sync.enabled);
  await run(sync);
  await row.getByText("Warning", { exact: true }).waitFor({ timeout: 60_000 });
  await row.getByRole("button", { name: /^Show details/ }).click();
  await page.getByRole("link", { name: "See the streams" }).waitFor();
  await person.look(page, "connections-warning");
  await page.getByRole("link", { name: "See the streams" }).click();
  await page.getByRole("tab", { name: "Data", selected: true }).waitFor();
  await person.look(page, "connection-warning");

  // The provider is well again, and the person has it read once more; it may be tried again by itself just then.
  const failed = page.getByRole("row").filter({ hasText: /Failed|Stalled/ });
  const again = await failed.first().getByRole("button", { name: /^Run .* now$/ }).getAttribute("aria-label");
  await honest(world.provider);
  await page.getByRole("button", { name: again, exact: true }).click();
  await page.getByRole("main").getByText("Active", { exact: true }).first().waitFor({ timeout: 60_000 });
  holds(await page.evaluate(() => globalThis.neverReloaded === true), "without a reload");

  // The provider takes the login no more.
  await misbehave(world.provider, { path: "/", times: 0, act: REFUSED });
  await run(sync);
  await page.getByRole("main").getByText("Action required", { exact: true }).first().waitFor({ timeout: 60_000 });
  await person.look(page, "connection-action-required");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Integrations" }).click();
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: world.software }) });
  await card.getByText("Action required", { exact: true }).waitFor();
  await person.look(page, "integrations-action-required");

  // Its one remedy.
  await honest(world.provider);
  await card.getByRole("link", { name: /^See (why|what)/ }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("button", { name: /^Reconnect/ }).first().click();
  await panel.getByRole("heading", { name: `Reconnect ${world.software}` }).waitFor();
  await panel.getByRole("radio", { name: world.login }).check();
  for (const [label, value] of Object.entries(world.fields)) await panel.getByLabel(label, { exact: true }).fill(value);
  await panel.getByRole("button", { name: "Reconnect", exact: true }).click();
  await panel.getByText("Active", { exact: true }).first().waitFor();
  await page.keyboard.press("Escape");
  await card.getByText("Active", { exact: true }).waitFor();
  await until("the connection is active at the host", async () => (await call(world, world.tenant, "GET", `/v1/connections/${world.connection}`)).state === "active");
}
