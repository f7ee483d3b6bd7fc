// Used systems: a function is chosen, a system that serves it stands there with its switches. Switching off asks and says what stops
// and what stays; switching on does not ask.

import { call, holds, until } from "../check.mjs";
import { colleague } from "../doors.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Used systems" }).click();
  await page.getByRole("heading", { level: 1, name: "Used systems" }).waitFor();
  const system = page.getByRole("button", { name: world.name }).first();
  await system.waitFor();
  await person.look(page, "used");

  await system.click();
  const panel = page.getByRole("dialog").last();
  const whole = panel.getByRole("switch").first();
  await whole.waitFor();
  await person.look(page, "used-system");
  const truth = () => call(world, world.tenant, "GET", `/v1/connections/${world.connection}`);

  // Off asks; somebody who thinks better of it has changed nothing.
  await whole.click();
  const question = page.getByRole("alertdialog").or(page.getByRole("dialog")).filter({ hasText: "Switch off" }).last();
  await question.getByText(/stay/).first().waitFor();
  await person.look(page, "used-switch-off");
  await page.keyboard.press("Escape");
  await until("nothing was switched off", async () => (await whole.getAttribute("aria-checked")) === "true");
  holds((await truth()).enabled, "nothing was changed by a question");
  await whole.click();
  await page.getByRole("button", { name: "Switch off system" }).click();
  await until("it is off at the host", async () => !(await truth()).enabled);
  await panel.getByText("Switched off", { exact: true }).first().waitFor();

  // On does not.
  await whole.click();
  await until("it is on at the host", async () => (await truth()).enabled);
  holds((await page.getByRole("button", { name: "Switch off system" }).count()) === 0, "switching on asks nothing");

  // One function of it.
  const one = panel.getByRole("switch").nth(1);
  await one.click();
  await page.getByRole("button", { name: /^Switch off / }).last().click();
  await until("one function is off at the host", async () => (await truth()).functions.some((each) => !each.enabled));
  await one.click();
  await until("and on again", async () => (await truth()).functions.every((each) => each.enabled));

  // A name of its own.
  await panel.getByRole("link", { name: "Open the connection" }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name of this connection" }).fill("Our own name");
  await page.getByRole("button", { name: "Save name" }).click();
  await page.getByRole("heading", { level: 1, name: "Our own name" }).waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Used systems" }).click();
  await page.getByRole("button", { name: /Our own name/ }).first().waitFor();
}
