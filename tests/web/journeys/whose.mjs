// A link signs a person in without asking, so somebody could send them one of a stranger's tenant. Before anything is connected they
// read whose it will be, whatever the tenant calls itself; and a session that is there is not taken from them unasked.

import { call, holds, same } from "../check.mjs";
import { colleague, entrance } from "../doors.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await colleague(browser, world, world.tenant);
  const name = () => page.evaluate(() => fetch("/v1/session", { headers: { "Patchbay-Session": "portal" } }).then((answer) => answer.json()).then((session) => session.tenant.name));
  const own = page.getByText("This connection is kept by Kantoor Vermeulen, for Ann de Vries.");
  await page.goto(`/app/integrations?open=${world.connector}&connect=new`);
  await own.waitFor();
  await page.goto(`/app/integrations?open=${world.connector}&connect=${world.connection}`);
  await own.waitFor();

  // A tenant that calls itself like another one, and its user like somebody else.
  await call(world, { key: world.operator_key, tenant: world.other.id }, "PUT", "/v1/brand", { name: "Kantoor Vermeulen" });
  await page.goto(await entrance(world, world.other));
  await page.getByRole("heading", { name: "Switch to the session of this link?" }).waitFor();
  await person.look(page, "enter-switch");
  same(await name(), "Kantoor Vermeulen", "a link that is opened changes nothing by itself");
  await page.getByRole("button", { name: "Stay signed in as Ann de Vries" }).click();
  await page.waitForURL("**/app/integrations");
  same(await name(), "Kantoor Vermeulen", "whoever stays, stays");

  await page.goto(await entrance(world, world.other));
  await page.getByRole("button", { name: "Switch", exact: true }).click();
  await page.waitForURL("**/app/integrations");
  same(await name(), "Somebody Else", "whoever switches, switches");
  await page.getByRole("button", { name: "Ann de Vries Somebody Else" }).waitFor();
  await person.look(page, "integrations-brand-of-another");
  await page.goto(`/app/integrations?open=${world.connector}&connect=new`);
  await page.getByText("This connection is kept by Somebody Else, for Ann de Vries.").waitFor();
  holds((await own.count()) === 0, "the name that it gives itself is not where it is kept");
  await person.look(page, "connect-whose");
}
