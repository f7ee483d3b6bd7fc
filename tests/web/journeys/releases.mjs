// A new version asks for more than was approved: it waits, shows what would change, is approved by name, and is left again by one
// click.

import { call, holds, until } from "../check.mjs";
import { operator } from "../doors.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  const inUse = async () => (await call(world, { key: world.operator_key }, "GET", "/v1/connectors")).items.find((one) => one.id === world.connector).active?.version;
  const [before] = [await inUse()];
  await page.getByRole("row").or(page.getByRole("listitem")).filter({ hasText: world.connector }).first().waitFor();
  await person.look(page, "admin-connectors");
  await page.getByRole("link", { name: world.software, exact: true }).first().click();
  await page.getByText(`${world.version} waits for your approval`).waitFor();
  await person.look(page, "admin-connector-waiting");

  await page.getByRole("link", { name: "See what it asks for" }).click();
  const diff = page.getByRole("table", { name: /What was approved/ });
  const added = diff.getByRole("row").filter({ hasText: world.asks }).first();
  await added.waitFor();
  holds(/Nothing/.test(await added.innerText()), "beside what is added stands that nothing was approved");
  await person.look(page, "admin-release-waiting");
  holds((await inUse()) === before, "looking approves nothing");
  await page.getByRole("button", { name: `Approve ${world.version}` }).click();
  const question = page.getByRole("dialog").or(page.getByRole("alertdialog")).last();
  await question.getByText(world.asks).first().waitFor();
  await person.look(page, "admin-release-approve");
  await question.getByRole("button", { name: `Approve and use ${world.version}` }).click();
  await page.getByText("In use", { exact: true }).first().waitFor();
  holds((await inUse()) === world.version, "it is in use at the host");

  await page.goto(`/admin/connectors/${world.connector}`);
  await page.getByRole("button", { name: `Roll back to ${before}` }).first().click();
  await page.getByRole("dialog").or(page.getByRole("alertdialog")).last().getByRole("textbox").fill("It asks for too much.");
  await person.look(page, "admin-roll-back");
  await page.getByRole("dialog").or(page.getByRole("alertdialog")).last().getByRole("button", { name: `Roll back to ${before}` }).click();
  await until("the version before is in use at the host", async () => (await inUse()) === before);
  await page.getByText(`version ${before} is in use`).waitFor();
  await person.look(page, "admin-connector-rolled-back");
}
