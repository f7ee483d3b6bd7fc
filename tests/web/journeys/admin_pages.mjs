// Every page of the operators, with something on it.

import { call } from "../check.mjs";
import { operator } from "../doors.mjs";

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  const key = { key: world.operator_key };
  const of = { ...key, tenant: world.tenant.id };
  await call(world, of, "POST", "/v1/webhooks", { url: "https://hooks.example/patchbay", description: "The application" }).catch((why) => console.log(why.message));
  const releases = await call(world, key, "GET", `/v1/connectors/${world.connector}`);
  const pages = {
    "admin-connectors": ["/admin/connectors", "Connectors"],
    "admin-connector": [`/admin/connectors/${world.connector}`, world.software],
    "admin-release": [`/admin/releases/${releases.items[0].id}`, `${world.software} ${releases.items[0].version}`],
    "admin-oauth-clients": ["/admin/oauth-clients", "OAuth clients"],
    "admin-publishers": ["/admin/publishers", "Publishers"],
    "admin-tenants": ["/admin/tenants", "Tenants"],
    "admin-tenant": [`/admin/tenants/${world.tenant.id}`, world.tenant.name],
    "admin-webhooks": [`/admin/webhooks?tenant=${world.tenant.id}`, "Webhooks"],
    "admin-audit": ["/admin/audit", "Audit"],
    "admin-health": ["/admin/health", "Health"],
  };
  await everyPage(person, page, pages);
}

/** Opens each and looks at it; all of them are looked at, and what is wrong is told together. */
export async function everyPage(person, page, pages) {
  const wrongs = [];
  for (const [name, [address, heading]] of Object.entries(pages)) {
    try {
      await page.goto(address);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => {});
      await person.look(page, name);
    } catch (why) {
      wrongs.push(`${name} (${address}): ${why.message}`);
    }
  }
  if (wrongs.length > 0) throw new Error(wrongs.join("\n\n"));
}
