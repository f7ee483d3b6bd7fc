// Ten thousand of everything: pages stay quick, and are in order however full they are.

import { holds, until } from "../check.mjs";
import { colleague } from "../doors.mjs";
import { felt, median } from "../felt.mjs";

/** Milliseconds from a press to the painted answer, on a machine that does nothing else. */
const LIMIT_MS = 100;
/** Bytes of script that the first page may load, compressed. */
const FIRST_LOAD = 200_000;
const TURNS = 7;
/** So many times the limit is what the page's own thread may work in a debug host's company, on any machine. */
const BOUND = 2;

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  await firstLoad(person);

  // The table of connections.
  await page.goto("/app/connections");
  const region = page.getByRole("region", { name: "Connections" });
  await region.getByRole("row").nth(25).waitFor();
  await page.getByText("of 10,000").waitFor();
  await person.look(page, "connections-10000", { fullPage: false });
  // Measured on a page that nothing else has looked at.
  await page.goto("/app/connections");
  await region.getByRole("row").nth(25).waitFor();
  const rows = { shows: () => document.querySelector("tbody").textContent, busy: () => document.querySelector("table").ariaBusy === "true" };
  const quick = async (what, act, sees) => {
    const { wall, work } = await felt(page, TURNS, act, sees);
    const [seen, own] = [median(wall), median(work)];
    console.log(`${what}: ${seen.toFixed(0)} ms at the median, of which the page works ${own.toFixed(0)} ms (${wall.map((ms) => ms.toFixed(0)).join(" ")})`);
    // How long a person waits depends on what else the machine does: that figure is read by whoever runs this alone, and is
    // to stay below LIMIT_MS. What is judged always is the page's own work, by a bound that a page with all rows in it breaks.
    holds(own < BOUND * LIMIT_MS, `${what} is little work for the page`);
  };
  const next = page.getByRole("button", { name: "Next" });
  for (const column of ["Data source", "Business account", "Account status", "Business account ID", "Created", "Last authorization"]) {
    const head = region.getByRole("columnheader", { name: column, exact: true }).getByRole("button");
    await head.click();
    await until("the first order by this column is there", async () => !(await page.evaluate(rows.busy)));
    if (column !== "Account status") await quick(`10,000 connections, sorted by ${column}`, head, rows);
  }
  await quick("10,000 connections, the next page", next, rows);
  await page.goto("/app/connections?sort=created");
  await region.getByRole("row").nth(25).waitFor();
  const chevron = page.getByRole("button", { name: /^(Show|Hide) details/ }).first();
  await quick("10,000 connections, a row is opened", chevron, { shows: () => document.querySelectorAll("tbody tr").length });
  const search = page.getByRole("searchbox", { name: "Search connections" });
  await search.focus();
  // A key is shown at once; the host is asked when nothing was typed for a moment.
  await quick("10,000 connections, a key in the search", (turn) => page.keyboard.press(String(turn % 10)), { shows: () => document.querySelector("[type=search]").value });
  await search.fill("");

  // Ten thousand records.
  await page.goto(world.records);
  await page.getByText(/of 10,0\d\d/).waitFor();
  await person.look(page, "records-10000", { fullPage: false });
  await page.goto(world.records);
  await page.getByText(/of 10,0\d\d/).waitFor();
  await quick("10,000 records, the next page", page.getByRole("button", { name: "Next" }).last(), { shows: () => [...document.querySelectorAll("tbody")].at(-1).textContent, busy: () => [...document.querySelectorAll("table")].at(-1).ariaBusy === "true" });
}

/** What the first page loads, in a browser that has nothing yet. */
async function firstLoad(person) {
  const page = await person.context.newPage();
  const session = await person.context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const scripts = new Map();
  session.on("Network.responseReceived", ({ requestId, type }) => type === "Script" && scripts.set(requestId, 0));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => scripts.has(requestId) && scripts.set(requestId, encodedDataLength));
  await page.goto("/app/integrations");
  await page.getByRole("listitem").first().waitFor();
  await page.waitForLoadState("networkidle").catch(() => {});
  const bytes = [...scripts.values()].reduce((sum, length) => sum + length, 0);
  console.log(`the first page loads ${bytes} bytes of script over the wire, in ${scripts.size} files`);
  holds(bytes > 10_000 && bytes < FIRST_LOAD, `the first page loads less than ${FIRST_LOAD} bytes of script`);
  await page.close();
}
