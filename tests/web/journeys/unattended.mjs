// A browser that somebody walked away from asks for nothing by itself: so the host's limit on sessions that are not used ends its
// session, and whoever comes later finds nothing. Whoever comes back in time sees what happened meanwhile, without a reload.

import { call, holds, same, until } from "../check.mjs";
import { entrance, invitation } from "../doors.mjs";

const MINUTE = 60_000;

export default async function ({ world, browser, ask }) {
  await portal();
  await operators();

  /** Somebody whose page has a clock of its own, and the calls that it makes, newest last. */
  async function somebody() {
    const person = await browser.person();
    person.tolerate(/status of 401/);
    await person.context.clock.install();
    const page = await person.context.newPage();
    const calls = [];
    const open = new Set();
    const path = (request) => new URL(request.url()).pathname;
    page.on("request", (request) => {
      if (!path(request).startsWith("/v1/")) return;
      calls.push(path(request));
      open.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => open.delete(request));
    const streams = () => [...open].map(path).filter((at) => ["/v1/events/watch", "/v1/progress"].includes(at)).sort();
    return { person, page, calls, streams };
  }

  /** Lets time pass in a page, minute by minute, as a page that nobody sleeps through would have it. */
  async function pass(page, minutes) {
    for (let minute = 0; minute < minutes; minute += 1) await page.clock.fastForward(MINUTE);
    // Whatever that began has been asked by now.
    await page.evaluate(() => fetch("/openapi.json").then((answer) => answer.text()));
  }

  async function portal() {
    const { person, page, calls, streams } = await somebody();
    await page.goto(await entrance(world, world.tenant));
    await page.waitForURL("**/app/integrations");
    await page.goto(`/app/connections/${world.connection}?tab=data`);
    await page.getByRole("heading", { level: 1, name: world.name }).waitFor();
    await page.evaluate(() => (globalThis.neverReloaded = true));
    await until("the page follows the host", () => streams().length === 2);

    // Whoever is there is kept up to date.
    await page.mouse.move(100, 100);
    await pass(page, 9);
    await page.mouse.move(200, 200);
    await pass(page, 9);
    same(streams(), ["/v1/events/watch", "/v1/progress"], "somebody who moves the pointer now and then is here");

    await pass(page, 2);
    await until("nobody is followed for", () => streams().length === 0);
    calls.length = 0;
    await call(world, world.tenant, "PATCH", `/v1/connections/${world.connection}`, { name: "Renamed meanwhile" });
    await pass(page, 30);
    same(calls, [], "a page that nobody touches asks for nothing");
    await page.getByText("This page rests").waitFor();
    await person.look(page, "page-rests");

    await page.mouse.move(300, 300);
    await page.getByText("This page rests").waitFor({ state: "hidden" });
    await page.getByRole("heading", { level: 1, name: "Renamed meanwhile" }).waitFor();
    await until("it follows the host again", () => streams().length === 2);
    holds(await page.evaluate(() => globalThis.neverReloaded === true), "without a reload");

    // An hour later the session is over, and the next touch shows nothing.
    await pass(page, 11);
    await until("nobody is followed for", () => streams().length === 0);
    await ask({ minutes: 61 });
    await page.mouse.move(400, 400);
    await page.getByRole("heading", { name: "You are not signed in" }).waitFor();
    holds((await page.getByText("Renamed meanwhile").count()) === 0, "nothing of what was there is shown");
  }

  /** The operators' pages ask again and again where no event tells them. */
  async function operators() {
    const { page, calls } = await somebody();
    await page.goto(await invitation(world));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.waitForURL("**/admin/connectors");
    await page.goto("/admin/health");
    await page.getByRole("heading", { level: 1, name: "Health" }).waitFor();
    await page.mouse.move(100, 100);
    await until("the page has asked", () => calls.includes("/v1/health"));
    calls.length = 0;
    await pass(page, 2);
    await until("it asks again by itself", () => calls.includes("/v1/health"));
    await pass(page, 10);
    calls.length = 0;
    await pass(page, 30);
    same(calls, [], "a page that nobody touches asks for nothing");
    await ask({ minutes: 61 });
    await page.keyboard.press("Shift");
    await page.waitForURL("**/admin/sign-in**");
  }
}
