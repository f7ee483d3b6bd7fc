// What a tenant's people do with a stream and with the end of a connection: each question says what it does, a question alone
// does nothing, and the host has done what was said.

import { call, holds, same, until } from "../check.mjs";
import { colleague } from "../doors.mjs";

/** A dialog stands above a page, of which no more is wanted than what is around it. */
const ABOVE = { fullPage: false };

export default async function ({ world, browser, ask }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  person.tolerate(/status of 4\d\d/);
  const at = (method, path, body) => call(world, world.tenant, method, path, body);
  const path = `/v1/connections/${world.connection}`;
  const sync = async () => (await at("GET", `${path}/syncs`)).items.find(({ id }) => id === world.sync);
  const stored = async () => (await at("GET", `${path}/records/snapshot?limit=1000`)).items.length;
  const dialog = page.getByRole("dialog").last();
  same(await stored(), world.records, "everything has been read");

  await page.goto(`/app/connections/${world.connection}?tab=data`);
  const row = page.getByRole("table", { name: "List of streams" }).getByRole("row").filter({ has: page.getByRole("button", { name: "Everything", exact: true }) });
  await row.getByRole("button", { name: "Everything", exact: true }).click();
  await dialog.getByRole("heading", { name: "Schedule" }).waitFor();
  await schedules();
  await readsAgain();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await approves();
  await deletes();

  async function schedules() {
    const save = dialog.getByRole("button", { name: "Save schedule" });
    const own = (await sync()).schedule;
    await dialog.getByRole("radio", { name: "Every so often" }).check();
    await dialog.getByLabel("Every", { exact: true }).fill("5");
    await dialog.getByLabel("Unit").selectOption("s");
    await save.click();
    await dialog.getByText("Choose 10 seconds or more.").waitFor();
    await dialog.getByRole("radio", { name: "At a time of day" }).check();
    await dialog.getByLabel("Time of day", { exact: true }).fill("02:30");
    for (const day of ["Saturday", "Sunday"]) await dialog.getByRole("checkbox", { name: day }).uncheck();
    await person.look(page, "stream-schedule", ABOVE);
    await save.click();
    await dialog.getByText("On weekdays at 02:30").first().waitFor();
    const { schedule, custom_schedule } = await sync();
    same([schedule.zone, custom_schedule], ["Europe/Brussels", true], "the schedule is at the host");
    holds(/^30 2 \* \* (1-5|1,2,3,4,5)$/.test(schedule.cron), `on weekdays: ${schedule.cron}`);
    // What the host alone can say of an expression is said at its field.
    await dialog.getByRole("radio", { name: "By a cron expression" }).check();
    await dialog.getByRole("textbox", { name: "Cron expression" }).fill("61 2 * * 1");
    await save.click();
    await dialog.locator("[data-invalid]").first().waitFor();
    await person.look(page, "stream-schedule-wrong", ABOVE);
    await dialog.getByRole("radio", { name: "As the connector says" }).check();
    await save.click();
    await until("the connector's own schedule holds again", async () => !(await sync()).custom_schedule);
    same((await sync()).schedule, own, "as it was");
  }

  async function readsAgain() {
    const { id: before } = (await sync()).last_run;
    await dialog.getByRole("button", { name: "Read again from there" }).click();
    await dialog.getByText("Choose a day.").waitFor();
    await dialog.getByRole("button", { name: "Read everything again" }).click();
    const question = page.getByRole("dialog", { name: "Read all of Everything again?" });
    await question.getByText("Your records stay.").waitFor();
    await person.look(page, "dialog-reset", ABOVE);
    await question.getByRole("button", { name: "Keep as it is" }).click();
    await question.waitFor({ state: "hidden" });
    same((await sync()).last_run.id, before, "a question reads nothing");
    await dialog.getByRole("button", { name: "Read everything again" }).click();
    await question.getByRole("button", { name: "Read everything again" }).click();
    await question.waitFor({ state: "hidden" });
    const run = await until("another run has read everything", async () => {
      const { last_run: last } = await sync();
      return last.id !== before && last.state === "done" && last;
    });
    const { items } = await at("GET", `/v1/runs?connection=${world.connection}&limit=5`);
    const read = items.find(({ id }) => id === run.id);
    same([read.records, read.changed], [world.records, 0], "everything was read, and nothing was different");
    const audit = await call(world, { key: world.operator_key, tenant: world.tenant.id }, "GET", "/v1/audit?limit=50");
    holds(audit.items.some(({ action, actor }) => action === "sync.reset" && actor.includes("ann")), "because that person wanted it");
    same(await stored(), world.records, "and the records are as they were");
  }

  /** So many are gone at the provider that somebody has to say so. */
  async function approves() {
    const gone = world.records / 2;
    same(await ask({ remove: gone }), world.records - gone, "half of them are gone at the provider");
    await row.getByRole("button", { name: "Run Everything now" }).click();
    await until("the pass is held", async () => (await sync()).held_deletions === gone);
    await row.getByText("Held").waitFor();
    same(await stored(), world.records, "nothing is deleted by itself");
    await row.getByRole("button", { name: /^Show details/ }).click();
    await page.getByText(`${gone} records would be deleted`).waitFor();
    await person.look(page, "stream-held", ABOVE);
    await page.getByRole("button", { name: "Approve deletions" }).click();
    await dialog.getByText(`${world.records - gone} of ${world.records} records stay.`).waitFor();
    await dialog.getByText("Nothing is deleted at the provider.").waitFor();
    await person.look(page, "dialog-approve-deletions", ABOVE);
    await dialog.getByRole("button", { name: "Keep as it is" }).click();
    await dialog.waitFor({ state: "hidden" });
    same(await stored(), world.records, "a question deletes nothing");
    await page.getByRole("button", { name: "Approve deletions" }).click();
    await dialog.getByRole("button", { name: `Delete ${gone}` }).click();
    await dialog.waitFor({ state: "hidden" });
    same([await stored(), (await sync()).held_deletions], [world.records - gone, null], "they are deleted, and nothing waits");
    await page.getByText(`${gone} records would be deleted`).waitFor({ state: "hidden" });
    await row.getByText("Done").waitFor();
  }

  /** What goes and what stays is said, and so it is. */
  async function deletes() {
    await row.getByRole("switch", { name: "Read Everything" }).click();
    await dialog.getByText("What was read stays.").waitFor();
    await person.look(page, "dialog-stream-off", { ...ABOVE, widths: [1280] });
    await dialog.getByRole("button", { name: "Switch off stream" }).click();
    await until("the stream is off", async () => !(await sync()).enabled);
    await row.getByRole("switch", { name: "Read Everything" }).click();
    await until("and on again, unasked", async () => (await sync()).enabled);

    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Delete connection" }).click();
    const removed = dialog.locator("div").filter({ has: page.getByRole("heading", { name: "What is removed" }) }).last();
    const stays = dialog.locator("div").filter({ has: page.getByRole("heading", { name: "What stays" }) }).last();
    await removed.getByText("the records that were read from it").waitFor();
    await person.look(page, "dialog-delete-connection", ABOVE);
    await dialog.getByRole("radio", { name: "Keep them here" }).check();
    await stays.getByText("the records that were read from it").waitFor();
    await dialog.getByRole("button", { name: "Keep as it is" }).click();
    await dialog.waitFor({ state: "hidden" });
    holds((await at("GET", path)).id === world.connection, "a question deletes nothing");
    await page.getByRole("button", { name: "Delete connection" }).click();
    await dialog.getByRole("radio", { name: "Keep them here" }).check();
    await dialog.getByRole("button", { name: "Delete connection" }).click();
    await page.waitForURL("**/app/connections");
    await page.getByText("Nothing is connected yet").waitFor();
    await person.look(page, "connection-deleted");
    const answer = await at("GET", path).then(() => "there", (why) => why.message);
    holds(/404/.test(answer), `the connection is gone: ${answer}`);
    same(await stored(), world.records / 2, "its records stay, as was said");
    same(await ask({}), world.records / 2, "and the provider has what it had");
  }
}
