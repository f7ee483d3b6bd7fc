// Every page of a tenant's people, with something on it; and what they say where there is nothing yet.

import { call } from "../check.mjs";
import { colleague } from "../doors.mjs";
import { everyPage } from "./admin_pages.mjs";

export default async function ({ world, browser }) {
  const fresh = await colleague(browser, world, world.newcomer);
  await everyPage(fresh.person, fresh.page, {
    "connections-none": ["/app/connections", "Connections"],
    "used-none": ["/app/used", "Used systems"],
    "sent-none": ["/app/sent", "Sent"],
  });

  const { person, page } = await colleague(browser, world, world.tenant);
  person.tolerate(/status of 404/);
  const { items: runs } = await call(world, world.tenant, "GET", `/v1/runs?connection=${world.connection}&limit=5`);
  const at = `/app/connections/${world.connection}`;
  await everyPage(person, page, {
    "connection-overview": [at, world.name],
    "connection-data": [`${at}?tab=data`, world.name],
    "connection-runs": [`${at}?tab=runs`, world.name],
    "connection-sent": [`${at}?tab=sent`, world.name],
    "connection-settings": [`${at}?tab=settings`, world.name],
    run: [`${at}/runs/${runs[0].id}`, /./],
    sent: ["/app/sent", "Sent"],
    push: [`/app/sent/${world.push}`, /./],
    nowhere: ["/app/nowhere", /./],
    "connection-gone": ["/app/connections/con_00000000000000000000000000", "This connection is gone"],
  });

  // Somebody without a session learns where to go.
  const stranger = await browser.person();
  stranger.tolerate(/status of 401/);
  await everyPage(stranger, await stranger.open("/app/"), { "not-signed-in": ["/app/connections", "You are not signed in"] });
}
