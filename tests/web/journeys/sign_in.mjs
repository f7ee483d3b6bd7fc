// An operator signs in by the address that the console printed, looks around, and signs out: nothing is left behind that would let
// somebody in.

import { call, holds, same, until } from "../check.mjs";
import { invitation, operator } from "../doors.mjs";

const COOKIE = "__Host-patchbay-operator";

export default async function ({ world, browser }) {
  const person = await browser.person();
  const value = async () => (await person.context.cookies(world.base)).find((cookie) => cookie.name === COOKIE);
  person.tolerate(/status of 401/);

  // Whoever is not signed in is asked to, wherever they wanted to go, and then gets there.
  const page = await person.open("/admin/audit");
  await page.waitForURL("**/admin/sign-in**");
  await person.look(page, "sign-in");

  // A cookie that somebody planted is nobody's session, before and after.
  const planted = "a".repeat(52);
  await person.context.addCookies([{ name: COOKIE, value: planted, url: world.base.replace("http:", "https:"), secure: true, httpOnly: true, sameSite: "Strict" }]).catch(() => {});
  const address = world.console ?? (await invitation(world));
  await page.goto(address);
  await until("the token leaves the address bar", () => page.evaluate(() => location.hash === ""));
  holds(!(await page.evaluate(() => JSON.stringify(history.state) + location.href)).includes("pbs_"), "and the history");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/admin/connectors");
  const cookie = await value();
  holds(cookie && cookie.value !== planted, "a new cookie is given at sign-in");
  same([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.domain], [true, true, "Strict", "/", new URL(world.base).hostname], "the cookie is bound to this host");
  holds((await page.evaluate(() => document.cookie)) === "", "no script sees it");
  holds(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).match(/pb[sopt]_/), "no token is kept by the page");

  // The address worked once.
  const other = await browser.person();
  other.tolerate(/status of 401/);
  const late = await other.open(address);
  await late.getByRole("button", { name: "Sign in", exact: true }).click();
  await late.getByText("was not accepted").waitFor();
  await other.look(late, "sign-in-refused");

  // Signing out ends the session at the host, not only in the browser.
  await page.getByRole("button", { name: "Operator", exact: true }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL("**/admin/sign-in**");
  holds(!(await value())?.value, "the cookie is gone");
  const replayed = await fetch(`${world.base}/v1/session`, { headers: { Cookie: `${COOKIE}=${cookie.value}`, "Patchbay-Session": "operator" } });
  same(replayed.status, 401, "the old cookie is worth nothing");
  await page.goBack().catch(() => {});
  await page.waitForURL("**/admin/sign-in**");

  // Signing out everywhere ends every session of this operator.
  const one = await operator(browser, world);
  const two = await operator(browser, world);
  [one, two].forEach(({ person }) => person.tolerate(/status of 401/));
  await one.page.getByRole("button", { name: "Operator", exact: true }).click();
  await one.page.getByRole("button", { name: "Sign out everywhere" }).click();
  await one.page.waitForURL("**/admin/sign-in**");
  await two.page.reload();
  await two.page.waitForURL("**/admin/sign-in**");

  const audit = await call(world, { key: world.operator_key }, "GET", "/v1/audit?limit=50");
  const said = JSON.stringify(audit.items);
  holds(!said.includes("pbs_") && !said.includes(cookie.value), "the audit log has no token");
}
