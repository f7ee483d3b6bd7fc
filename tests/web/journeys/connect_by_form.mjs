// A colleague connects software with the form that its connector declares: from the card to *Active*, without a reload.

import { holds } from "../check.mjs";
import { colleague } from "../doors.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  // A refused form is a refusal of the host, and the browser says so on its console.
  person.tolerate(/status of 422/, /status of 400/);
  await page.evaluate(() => (globalThis.neverReloaded = true));
  const cards = page.getByRole("list", { name: "Integrations" }).getByRole("listitem");
  await cards.first().getByRole("heading").waitFor();
  await person.look(page, "integrations");

  // Found by typing; the address remembers it.
  const card = cards.filter({ has: page.getByRole("heading", { name: world.software }) });
  await page.getByRole("searchbox", { name: "Search integrations" }).fill(world.software.slice(0, 4));
  await page.waitForURL(/[?&]q=/);
  holds((await cards.count()) < 5, "a search leaves few cards");
  await card.getByRole("link", { name: world.software, exact: true }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("heading", { name: "What it does" }).waitFor();
  await person.look(page, "integration");
  await panel.getByRole("button", { name: `Connect ${world.software}` }).click();
  await panel.getByRole("heading", { name: `Connect ${world.software}` }).waitFor();
  await panel.getByRole("radio", { name: world.login }).check();

  // What is missing or wrong is said at the field, in words; what was typed stays.
  const submit = panel.getByRole("button", { name: "Connect", exact: true });
  const [[label, value]] = Object.entries(world.fields);
  const field = panel.getByLabel(label, { exact: true });
  await field.waitFor();
  await person.look(page, "connect-form");
  await submit.click();
  await panel.locator("[data-invalid]").first().waitFor();
  await field.fill(world.wrong);
  await submit.click();
  await panel.getByText(/not accept|refused|not valid|invalid|does not|revoked/i).first().waitFor();
  holds((await field.inputValue()) === world.wrong, "what was typed stays");
  await person.look(page, "connect-form-refused");

  await field.fill(value);
  await submit.click();
  await panel.getByText("Active", { exact: true }).first().waitFor();
  await person.look(page, "connected");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  await card.getByText("Active", { exact: true }).waitFor();
  await page.getByRole("searchbox", { name: "Search integrations" }).fill("");
  await page.getByRole("group", { name: "Show" }).getByRole("button", { name: /^Connected/ }).click();
  await page.waitForURL(/show=connected/);
  await card.waitFor();
  holds(await page.evaluate(() => globalThis.neverReloaded === true), "all that without a reload");

  // It stands among the connections.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Connections" }).click();
  await page.getByRole("row").filter({ hasText: world.software }).getByText("Active").waitFor();
  await person.look(page, "connections");
}
