// S17: a page of another site, in a browser in which an operator and a colleague are signed in, changes nothing and reads
// nothing. Another port of this machine is another origin and yet the same *site*, so the strictest cookies go along: what holds
// here holds for every other place.

import { call, holds, same } from "../check.mjs";
import { entrance, operator } from "../doors.mjs";
import { site } from "../site.mjs";

/** Everything that can be tried: how, what, and whether it is another origin's to see. */
const CALLS = (world) => [
  ["POST", "/v1/tenants", { name: "Forged" }],
  ["POST", "/v1/portal-sessions", { user: "mallory" }],
  ["POST", "/v1/operator-sessions/invite", {}],
  ["POST", "/v1/connections", { connector: world.connector, fields: { token: "x" } }],
  ["PUT", "/v1/brand", { name: "Forged" }],
  ["DELETE", `/v1/connections/${world.connection}`],
  ["DELETE", "/v1/session"],
  ["DELETE", "/v1/sessions"],
];
const READS = ["/v1/session", "/v1/connections", "/v1/tenants", "/v1/audit", "/v1/events/watch", "/v1/progress"];

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  // The same browser: both cookies are in it.
  const portal = await person.open(await entrance(world, world.tenant));
  await portal.waitForURL("**/app/integrations");
  person.tolerate(/CORS|ERR_FAILED|Access-Control|status of 4\d\d|net::ERR/i);

  const key = { key: world.operator_key };
  const state = async () => {
    const tenants = await call(world, key, "GET", "/v1/tenants");
    const connections = await call(world, { ...key, tenant: world.tenant.id }, "GET", "/v1/connections");
    const brand = await call(world, { ...key, tenant: world.tenant.id }, "GET", "/v1/brand");
    return [tenants.items.map((one) => one.name), connections.items.map((one) => [one.id, one.state]), brand.name];
  };
  const before = await state();

  const forms = CALLS(world).filter(([method]) => method === "POST");
  const form = ([, path, body], type) =>
    `<!doctype html><title>F</title><form method="post" enctype="${type}" action="${world.base}${path}"><input name='${JSON.stringify(body).replace(/}$/, ',"x":"')}' value='"}'></form>
     <script>document.forms[0].submit()</script>`;
  const pages = { "/": "<!doctype html><title>Foreign</title>" };
  for (const [place, one] of forms.entries()) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) pages[`/form-${place}-${type.replace("/", "-")}`] = form(one, type);
  }
  const foreign = await site(pages);

  for (const host of ["127.0.0.1", "localhost"]) {
    const origin = foreign.origin.replace("127.0.0.1", host);
    const evil = await person.open(`${origin}/`);
    const tried = await evil.evaluate(
      async ([base, calls, reads]) => {
        const read = [];
        const ask = async (address, how) => {
          const answer = await fetch(address, { credentials: "include", signal: AbortSignal.timeout(5_000), ...how }).catch(() => null);
          if (answer && answer.type !== "opaque") read.push(`${how?.method ?? "GET"} ${address} ${answer.status}`);
        };
        const kinds = [
          (body) => ({ body: JSON.stringify(body ?? {}), headers: { "content-type": "text/plain" } }),
          (body) => ({ body: JSON.stringify(body ?? {}), headers: { "content-type": "text/plain" }, mode: "no-cors" }),
          (body) => ({ body: JSON.stringify(body ?? {}), headers: { "content-type": "application/json" } }),
          (body) => ({ body: JSON.stringify(body ?? {}), headers: { "content-type": "application/json", "patchbay-session": "operator" } }),
          (body) => ({ body: JSON.stringify(body ?? {}), headers: { "content-type": "application/json", "patchbay-session": "portal" } }),
        ];
        const all = calls.flatMap(([method, path, body]) => kinds.map((kind) => ask(`${base}${path}`, { method, ...kind(body) })));
        await Promise.all(all);
        await Promise.all(reads.flatMap((path) => [ask(`${base}${path}`), ask(`${base}${path}`, { mode: "no-cors" }), ask(`${base}${path}`, { headers: { "patchbay-session": "operator" } })]));
        for (const [, path, body] of calls) navigator.sendBeacon(`${base}${path}`, JSON.stringify(body ?? {}));
        return read;
      },
      [world.base, CALLS(world), READS],
    );
    same(tried, [], `a page of ${origin} reads no answer`);
    for (const path of Object.keys(pages).filter((path) => path !== "/")) {
      const forged = await person.open(`${origin}${path}`);
      await forged.waitForURL((url) => url.origin === world.base, { timeout: 10_000 }).catch(() => {});
      const answered = await forged.locator("body").innerText().catch(() => "");
      holds(!/"(id|url|key)":/.test(answered), `a form of ${origin} is refused: ${answered}`);
      await forged.close();
    }
    await evil.close();
  }
  same(await state(), before, "nothing has changed");

  // Both are still signed in: not even a sign-out was forged.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Connectors" }).waitFor();
  await portal.reload();
  await portal.getByRole("heading", { level: 1, name: "Integrations" }).waitFor();
  await foreign.close();
}
