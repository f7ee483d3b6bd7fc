// A colleague connects software by logging in at its provider, in a window of its own. The page that they came from notices the end
// by itself and says *Active*, without a reload.

import { holds } from "../check.mjs";
import { colleague } from "../doors.mjs";
import { throughLink } from "../link.mjs";
import { silverfin } from "../providers.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  await page.goto(`/app/integrations?open=${world.connector}&connect=new`);
  await page.evaluate(() => (globalThis.neverReloaded = true));
  const panel = page.getByRole("dialog");
  const begin = panel.getByRole("button", { name: world.way });
  await begin.waitFor();
  await panel.getByText("This connection is kept by Kantoor Vermeulen, for Ann de Vries.").waitFor();
  await person.look(page, "connect-login");

  const [link] = await Promise.all([person.context.waitForEvent("page"), begin.click()]);
  await throughLink(link, world.base, { provider: (provider) => silverfin(provider, world.login) });
  await panel.getByText("Active", { exact: true }).first().waitFor();
  await person.look(page, "connected-by-login");
  holds(await page.evaluate(() => globalThis.neverReloaded === true), "the page was not loaded again");
  await page.keyboard.press("Escape");
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: world.software }) });
  await card.getByText("Active", { exact: true }).waitFor();
}
