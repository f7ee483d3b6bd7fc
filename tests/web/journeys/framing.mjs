// S9: no page of the host stands in a frame of another site, and nothing that such a site says to one changes anything.

import { holds, call } from "../check.mjs";
import { entrance } from "../doors.mjs";
import { site } from "../site.mjs";

export default async function ({ world, browser }) {
  const { url: link } = await call(world, world.tenant, "POST", "/v1/connect-sessions", { connector: world.connector, verification: "off" });
  const paths = ["/", "/app/", "/app/enter", "/admin/", "/admin/sign-in", "/docs/", "/readyz", "/v1/connections", "/link/style.css"];
  const addresses = [...paths.map((path) => `${world.base}${path}`), link];

  const ways = (address) => [`<iframe src="${address}"></iframe>`, `<object data="${address}"></object>`, `<embed src="${address}">`];
  const pages = Object.fromEntries(addresses.flatMap((address, place) => ways(address).map((way, kind) => [`/${place}-${kind}`, `<!doctype html><title>Foreign</title>${way}`])));
  const foreign = await site(pages);
  const victim = await browser.person();
  // That the browser says so on its console is the point.
  victim.tolerate(/frame-ancestors|X-Frame-Options|Refused to display|Framing '|refused to connect|chrome-error/i);
  for (const path of Object.keys(pages)) {
    const page = await victim.open(`${foreign.origin}${path}`);
    await page.waitForLoadState("load");
    for (const frame of page.frames().filter((frame) => frame !== page.mainFrame())) {
      const shown = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
      holds(frame.url().startsWith("chrome-error:") || shown === "", `${pages[path]} shows nothing: ${frame.url()} ${shown}`);
    }
    await page.close();
  }

  // A window that another site opens, and talks to.
  const opener = await site({ "/": "<!doctype html><title>Foreign</title>" });
  const page = await victim.open(`${opener.origin}/`);
  const [portal] = await Promise.all([page.waitForEvent("popup"), page.evaluate((url) => void (globalThis.won = open(url)), await entrance(world, world.tenant))]);
  await portal.waitForURL("**/app/integrations");
  await portal.getByRole("heading", { name: world.software }).waitFor();
  const before = await portal.locator("main").innerText();
  for (const said of [{ type: "connected" }, "close", { type: "navigate", to: "https://evil.example" }, { type: "token", token: "x" }]) {
    await page.evaluate((said) => globalThis.won.postMessage(said, "*"), said);
  }
  holds(await page.evaluate(() => globalThis.won.closed), "the opener has no hold of the window (Cross-Origin-Opener-Policy)");
  holds((await portal.evaluate(() => globalThis.opener)) === null, "and the window none of its opener");
  holds((await portal.locator("main").innerText()) === before, "what it says changes nothing");
  await foreign.close();
  await opener.close();
}
