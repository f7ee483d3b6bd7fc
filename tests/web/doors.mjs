// How people come in: operators by a one-time address, a tenant's people by the address that the tenant's backend opens.

import { call } from "./check.mjs";

/** A one-time address for an operator, as the console prints it at the first start. */
export const invitation = async (world) => (await call(world, { key: world.operator_key }, "POST", "/v1/operator-sessions/invite", {})).url;

/** A one-time address for one of a tenant's people. */
export const entrance = async (world, tenant, user = { user: "ann", name: "Ann de Vries" }) =>
  (await call(world, { key: tenant.key }, "POST", "/v1/portal-sessions", user)).url;

/** An operator who has signed in; their page. */
export async function operator(browser, world, options) {
  const person = await browser.person(options);
  const page = await person.open(await invitation(world));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/admin/connectors");
  return { person, page };
}

/** One of a tenant's people, inside; their page. */
export async function colleague(browser, world, tenant, options) {
  const person = await browser.person(options);
  const page = await person.open(await entrance(world, tenant));
  await page.waitForURL("**/app/integrations");
  return { person, page };
}
