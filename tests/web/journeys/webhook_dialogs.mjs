// What an operator does with the endpoints of a tenant's backend: made, told, told again, changed, silenced, deleted; and the backend
// was told what the page says that it was told.

import { call, holds, same, until } from "../check.mjs";
import { operator } from "../doors.mjs";

/** A dialog stands above a page, of which no more is wanted than what is around it. */
const ABOVE = { fullPage: false };

export default async function ({ world, browser, ask }) {
  const { person, page } = await operator(browser, world);
  person.tolerate(/status of 4\d\d/);
  const dialog = page.getByRole("dialog").last();
  const endpoints = async () => (await call(world, world.tenant, "GET", "/v1/webhooks")).items;
  await page.goto(`/admin/tenants/${world.tenant.id}`);
  await page.getByRole("main").getByRole("link", { name: "Webhooks", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Webhooks" }).waitFor();
  await page.getByRole("button", { name: "New endpoint" }).click();
  await dialog.getByRole("button", { name: "Make endpoint" }).click();
  await dialog.getByText("Enter the whole address, with https.").waitFor();
  await dialog.getByLabel("Address").fill(world.loopback);
  await dialog.getByRole("button", { name: "Make endpoint" }).click();
  await dialog.locator("[aria-invalid=true]").first().waitFor();
  await person.look(page, "dialog-endpoint-wrong", ABOVE);
  await dialog.getByLabel("Address").fill(`${world.hooks}/one`);
  await dialog.getByLabel("Description").fill("The application");
  await dialog.getByRole("button", { name: "Make endpoint" }).click();
  await dialog.getByText("Signing secret", { exact: true }).waitFor();
  const secret = (await dialog.locator("code").first().innerText()).trim();
  holds(secret.startsWith("whsec_"), "its secret is shown");
  await person.look(page, "dialog-endpoint-secret", ABOVE);
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  await dialog.waitFor({ state: "hidden" });
  holds(!(await page.content()).includes(secret), "once");
  same((await endpoints()).map(({ url, description, enabled }) => [url, description, enabled]), [[`${world.hooks}/one`, "The application", true]], "it is at the host");

  // It is told, and what became of it is seen; what fails is said, and told again.
  const deliveries = page.getByRole("table", { name: /^Deliveries to/ });
  await page.getByRole("button", { name: "Send test" }).click();
  await deliveries.getByRole("row").filter({ hasText: "A test" }).getByText("Taken").waitFor({ timeout: 30_000 });
  same(await ask({}), ["webhook.test"], "the endpoint was told");
  await ask({ answers: 500 });
  await page.getByRole("button", { name: "Send test" }).click();
  const failing = deliveries.getByRole("row").filter({ hasText: "500" });
  await failing.waitFor({ timeout: 30_000 });
  await failing.getByRole("button", { name: /^Show details/ }).click();
  await person.look(page, "webhook-deliveries");
  await ask({ answers: 204 });
  await failing.getByRole("button", { name: /^Tell again/ }).click();
  await until("both are taken", async () => (await deliveries.getByText("Taken", { exact: true }).count()) === 2, 60);

  await page.getByRole("button", { name: "Change", exact: true }).click();
  await dialog.getByLabel("Description").fill("The application, in Antwerp");
  await dialog.getByRole("checkbox", { name: "A connection needs a person" }).check();
  await dialog.getByRole("checkbox", { name: "A run failed" }).check();
  await person.look(page, "dialog-endpoint-change", ABOVE);
  await dialog.getByRole("button", { name: "Save endpoint" }).click();
  await dialog.waitFor({ state: "hidden" });
  const [changed] = await endpoints();
  same([changed.description, [...changed.kinds].sort()], ["The application, in Antwerp", ["connection.broken", "run.failed"]], "it is changed");
  await page.getByText("A connection needs a person, A run failed").waitFor();

  await page.getByRole("button", { name: "Rotate secret" }).click();
  await person.look(page, "dialog-rotate-secret", ABOVE);
  await dialog.getByRole("button", { name: "Rotate secret" }).click();
  await dialog.getByText("For 24 hours the secret before signs as well").waitFor();
  const fresh = (await dialog.locator("code").first().innerText()).trim();
  holds(fresh.startsWith("whsec_") && fresh !== secret, "another secret is shown");
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  await dialog.waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Tell again", exact: true }).click();
  await dialog.getByRole("button", { name: "Tell again" }).click();
  await dialog.getByText("Choose a day and a time.").waitFor();
  await person.look(page, "dialog-replay", ABOVE);
  await dialog.getByRole("button", { name: "Cancel" }).click();

  const on = page.getByRole("switch", { name: "Tell it what happens" });
  await on.click();
  await dialog.getByText("What waits for it is sent when it is switched on again").waitFor();
  await dialog.getByRole("button", { name: "Switch off" }).click();
  await until("it is off at the host", async () => !(await endpoints())[0].enabled);
  await page.getByText("Switched off").first().waitFor();
  await on.click();
  await until("and on again, unasked", async () => (await endpoints())[0].enabled);

  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await person.look(page, "dialog-endpoint-delete", ABOVE);
  await dialog.getByRole("button", { name: "Delete endpoint" }).click();
  await page.getByText("This tenant has no endpoint").waitFor();
  same(await endpoints(), [], "it is gone");
}
