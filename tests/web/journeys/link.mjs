// Link, from the tenant's session to its return address: on a desk with a provider whose pages open in a window of their own, and on
// a phone with a provider that is asked by a form. Every step is looked at.

import { call, holds, same } from "../check.mjs";
import { throughLink } from "../link.mjs";
import { silverfin } from "../providers.mjs";
import { site } from "../site.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export default async function ({ world, browser }) {
  const app = await site({ "/back": "<!doctype html><title>The application</title><p>Welcome back.</p>" });
  const { id: address } = await call(world, world.tenant, "POST", "/v1/return-addresses", { name: "The application", address: `${app.origin}/back` });
  const session = (more) => call(world, world.tenant, "POST", "/v1/connect-sessions", { end_user: "an", return_to: address, ...more });

  for (const { name, options, language, how } of [
    { name: "desk", options: {}, language: "en", how: { software: world.away.software, provider: (page) => silverfin(page, world.away.login) } },
    { name: "phone", options: PHONE, language: "nl", how: { software: world.here.software, way: world.here.way, fields: world.here.fields } },
    { name: "phone-pl", options: PHONE, language: "pl", how: { software: world.away.software, provider: (page) => silverfin(page, world.away.login) } },
  ]) {
    const person = await browser.person(options);
    const { id, url } = await session({ language });
    const page = await person.open(url);
    const seen = new Map();
    await throughLink(page, world.base, {
      ...how,
      seen: async (step, shown) => {
        const number = (seen.get(step) ?? 0) + 1;
        seen.set(step, number);
        same(await shown.evaluate(() => document.documentElement.lang), language, "the language is the session's");
        holds((await shown.evaluate(() => globalThis.scrollX + document.documentElement.scrollLeft)) === 0, "nothing is scrolled to the side");
        if (name !== "phone-pl" || number === 1) await person.look(shown, `link-${name}-${step}-${number}`, name === "desk" ? {} : { widths: [390, 320] });
      },
    });
    await page.waitForURL(`${app.origin}/back**`);
    const query = new URL(page.url()).searchParams;
    same(query.get("session"), id, "the application is told which session came back");
    await page.getByText("Welcome back.").waitFor();

    // Only now, by its backend's word, there is a connection.
    const completed = await call(world, world.tenant, "POST", `/v1/connect-sessions/${id}/complete`, { code: query.get("code"), end_user: "an" });
    same(completed.state, "active", "the connection works");
    const steps = [...seen.keys()];
    holds(["landing", "choose", "connect", "confirm"].every((step) => steps.includes(step)), `every step was there: ${steps}`);
    holds(name !== "desk" || steps.includes("waiting"), "the provider's pages had a window of their own, and this one waited");
    await page.close();
  }
  await app.close();
}
