// What an operator says of a connector that is installed: corrections, addresses, a trial of what waits. Each dialog is looked at,
// and the host is asked whether it was done.

import { call, holds, same, until } from "../check.mjs";
import { operator } from "../doors.mjs";

/** A dialog stands above a page, of which no more is wanted than what is around it. */
const ABOVE = { fullPage: false };

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  // What the host refuses here is meant to be refused.
  person.tolerate(/status of 4\d\d/);
  const key = { key: world.operator_key };
  const at = (method, path, body) => call(world, key, method, path, body);
  const dialog = page.getByRole("dialog").last();

  await corrects();
  await widens();
  await tries();

  /** What the publisher assumed; what changes where data goes is asked once more. */
  async function corrects() {
    const config = (connector) => at("GET", `/v1/connectors/${connector}/config`);
    await page.goto(`/admin/connectors/${world.connector}`);
    const version = page.getByLabel("Version of GitHub's interface, a date");
    await version.waitFor();
    const before = (await config(world.connector)).config.api_version;
    same(await version.inputValue(), before, "the form shows what holds");
    await version.fill("");
    await page.getByRole("button", { name: "Save corrections" }).click();
    await page.locator("[data-invalid]").first().waitFor();
    await person.look(page, "connector-config-wrong");
    await version.fill("2023-01-01");
    await page.getByRole("button", { name: "Save corrections" }).click();
    await page.getByText("Corrected", { exact: false }).first().waitFor();
    same((await config(world.connector)).correction, { api_version: "2023-01-01" }, "the correction is at the host");
    await page.getByRole("button", { name: "Use the publisher's values" }).click();
    await until("the publisher's value holds again", async () => (await config(world.connector)).correction === null);
    await until("and the form shows it", async () => (await version.inputValue()) === before);

    const moved = "https://elsewhere.example.com";
    await page.goto("/admin/connectors/patchbay.brokercloud");
    const address = page.getByLabel("Address of the environment");
    await address.fill(moved);
    await page.getByRole("button", { name: "Save corrections" }).click();
    await dialog.getByRole("heading", { name: "This changes where data goes" }).waitFor();
    await dialog.getByText(moved).first().waitFor();
    await person.look(page, "dialog-config-widens", ABOVE);
    await dialog.getByRole("button", { name: "Keep as it is" }).click();
    await dialog.waitFor({ state: "hidden" });
    holds((await config("patchbay.brokercloud")).correction === null, "a question changes nothing");
    same(await address.inputValue(), moved, "what was typed stays");
    await page.getByRole("button", { name: "Save corrections" }).click();
    await dialog.getByRole("button", { name: "Change the addresses" }).click();
    await until("the addresses are changed", async () => (await config("patchbay.brokercloud")).config.origin === moved);
    await dialog.waitFor({ state: "hidden" });
  }

  /** Which versions come by themselves, and which addresses of customers' own it may reach. */
  async function widens() {
    await page.getByLabel("New versions that ask for nothing more").selectOption("all");
    await until("the policy is at the host", async () => (await at("GET", "/v1/connectors/patchbay.brokercloud/upgrades")).said === "all");

    // Whose addresses all stand in its manifest: there is nothing to choose.
    await page.getByText("Nothing to choose: every address that it reaches stands in its manifest").waitFor();
    holds((await page.getByLabel("It may reach").count()) === 0, "a choice that changes nothing is not offered");
    await page.goto("/admin/connectors/patchbay.odoo");
    const grant = async () => (await at("GET", "/v1/connectors/patchbay.odoo/grant")).customer_origins;
    // Less is not asked.
    const fewer = async () => {
      await page.getByLabel("It may reach").selectOption("none");
      await page.getByRole("button", { name: "Save addresses" }).click();
      await until("none are granted", async () => (await grant()) === "none");
    };
    await fewer();
    await page.getByLabel("It may reach").selectOption("listed");
    await page.getByRole("button", { name: "Save addresses" }).click();
    await page.getByText("List at least one address").waitFor();
    await page.getByLabel("Addresses", { exact: true }).fill("books.example.com");
    await page.getByRole("button", { name: "Save addresses" }).click();
    await page.getByText("is no address of the form https://host").waitFor();
    await page.getByLabel("Addresses", { exact: true }).fill("https://books.example.com\n");
    await page.getByRole("button", { name: "Save addresses" }).click();
    await dialog.getByText("https://books.example.com").waitFor();
    await person.look(page, "dialog-origins", ABOVE);
    same(await grant(), "none", "a question widens nothing");
    await dialog.getByRole("button", { name: "Allow these addresses" }).click();
    await dialog.waitFor({ state: "hidden" });
    same(await grant(), { listed: ["https://books.example.com"] }, "the addresses are allowed");
    await fewer();
  }

  /** One connection tries what waits, before all others use it. */
  async function tries() {
    const { items } = await at("GET", `/v1/connectors/${world.connector}`);
    const waiting = items.find((one) => one.state === "ready");
    const shown = () => at("GET", `/v1/releases/${waiting.id}`);
    await page.goto(`/admin/releases/${waiting.id}`);
    const begin = async () => {
      await page.getByRole("button", { name: "Try on one connection" }).click();
      await dialog.getByRole("button", { name: "Start trial" }).click();
      await dialog.getByText("Choose the connection that tries it.").waitFor();
      await dialog.getByLabel("Tenant").selectOption({ label: "Kantoor Vermeulen" });
      await dialog.getByLabel("Connection", { exact: true }).selectOption({ index: 1 });
      await dialog.getByLabel("Runs that have to end well").fill("1");
      await dialog.getByRole("button", { name: "Start trial" }).click();
      await dialog.getByText("It asks for more than was approved.").waitFor();
      await dialog.getByRole("switch", { name: "Allow this for the trial" }).click();
    };
    await begin();
    await person.look(page, "dialog-trial", ABOVE);
    await dialog.getByRole("button", { name: "Start trial" }).click();
    await page.getByText(`${waiting.version} is being tried`).waitFor();
    await page.getByText(world.name).first().waitFor();
    same((await shown()).canary?.connection, world.connection, "that connection tries it");

    // Held: it can be ended, and everything is as before.
    await page.getByRole("button", { name: "End trial" }).click();
    await dialog.getByText("is back on the version that it ran before").waitFor();
    await person.look(page, "dialog-trial-end", ABOVE);
    await dialog.getByRole("button", { name: "End trial" }).click();
    await page.getByRole("button", { name: "Try on one connection" }).waitFor();
    holds((await shown()).canary === null, "the trial has ended");

    await begin();
    await dialog.getByRole("button", { name: "Start trial" }).click();
    await page.getByText(`${waiting.version} is being tried`).waitFor();
    const { items: syncs } = await call(world, world.tenant, "GET", `/v1/connections/${world.connection}/syncs`);
    await call(world, world.tenant, "POST", `/v1/syncs/${syncs.find((sync) => sync.enabled).id}/run`, {});
    await page.getByText("1 of 1 runs and items ended well").waitFor({ timeout: 60_000 });
    await person.look(page, "release-trial");
    await page.getByRole("button", { name: `Use ${waiting.version} for all` }).click();
    await person.look(page, "dialog-trial-promote", ABOVE);
    await dialog.getByRole("button", { name: `Use ${waiting.version} for all` }).click();
    await page.getByText("In use", { exact: true }).first().waitFor();
    same((await shown()).release.state, "active", "all connections use it");
  }
}
