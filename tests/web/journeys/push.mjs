// A colleague sends a report: picks the client by typing, adds a PDF file, sees what would be sent, sends it, and finds it written
// once. The same again is shown as a duplicate. One whose answer was lost is shown first, as unknown, and is resolved.

import { call, holds, same, until } from "../check.mjs";
import { colleague } from "../doors.mjs";

const PDF = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");

export default async function ({ world, browser, ask }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Sent" }).click();
  await page.getByText("Nothing was sent yet").waitFor();
  const form = page.getByRole("dialog");

  /** Fills the form with a report of this title. */
  async function fill(title, key) {
    await page.getByRole("button", { name: "Send something" }).first().click();
    await form.getByRole("combobox", { name: "Connection" }).fill(world.name.slice(0, 3));
    await page.getByRole("option", { name: world.name }).first().click();
    await form.getByLabel("What to send").selectOption({ label: "File a report" });
    await form.getByRole("combobox", { name: "Client" }).first().fill(world.client.slice(0, 4));
    await page.getByRole("option", { name: world.client }).first().click();
    await form.getByLabel("Title").fill(title);
    await form.locator("input[type=file]").setInputFiles({ name: "report.pdf", mimeType: "application/pdf", buffer: PDF });
    await form.getByText(/uploaded/).waitFor();
    if (key) {
      await form.getByText("More", { exact: true }).click();
      await form.getByLabel("Key").fill(key);
    }
  }

  await fill("Figures of October", "report-october");
  await person.look(page, "send-form");
  await form.getByRole("button", { name: "See what would be sent" }).click();
  await form.getByText(/would/i).first().waitFor();
  await person.look(page, "send-rehearsed");
  same(await ask({ written: "Figures of October" }), 0, "a rehearsal writes nothing");
  await form.getByRole("button", { name: "Send", exact: true }).click();
  const outcome = form.getByRole("status", { name: "What became of it" });
  await outcome.getByText("Done", { exact: true }).waitFor();
  await person.look(page, "send-done");
  same(await ask({ written: "Figures of October" }), 1, "it is written once");
  await form.getByRole("button", { name: "Close", exact: true }).last().click();

  // The same item again: somebody is not sure, and sends it once more.
  await fill("Figures of October", "report-october");
  await form.getByRole("button", { name: "Send", exact: true }).click();
  await outcome.getByRole("heading", { name: "Already sent: Figures of October" }).waitFor();
  await person.look(page, "send-duplicate");
  same(await ask({ written: "Figures of October" }), 1, "it is still written once");
  await form.getByRole("link", { name: "Open the item" }).click();
  await page.getByRole("heading", { level: 1 }).filter({ hasText: "Figures of October" }).waitFor();
  await person.look(page, "push-done");

  // An answer that is lost, at a provider that cannot be asked for it: nobody knows.
  const push = await ask({ lose: "call" });
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Sent" }).click();
  const unknown = page.getByRole("region", { name: "Unknown" });
  await unknown.waitFor({ timeout: 60_000 });
  holds((await unknown.boundingBox()).y < (await page.getByRole("table").first().boundingBox()).y, "what is unknown stands first");
  await person.look(page, "sent-unknown");
  await unknown.getByRole("button", { name: /^Resolve/ }).first().click();
  const decision = page.getByRole("dialog");
  await decision.getByText("It is there", { exact: true }).click();
  await person.look(page, "sent-resolve");
  await decision.getByRole("button", { name: "Mark as written" }).click();
  await until("it is done at the host", async () => (await call(world, world.tenant, "GET", `/v1/pushes/${push}`)).state === "done");
  await unknown.waitFor({ state: "hidden" });
}
