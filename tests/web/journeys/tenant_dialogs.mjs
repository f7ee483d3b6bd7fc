// What an operator does for a tenant, in the dialogs and forms for it: each is looked at, and the host is asked whether it was done.

import { call, holds, same, until } from "../check.mjs";
import { operator } from "../doors.mjs";

/** A dialog stands above a page, of which no more is wanted than what is around it. */
const ABOVE = { fullPage: false };

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="8" fill="#0b7285"/></svg>';
const NAME = "Administratiekantoor Świętokrzyskie & Zonen";

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  person.tolerate(/status of 4\d\d/);
  const key = { key: world.operator_key };
  const dialog = page.getByRole("dialog").last();

  const tenant = await makesTenant();
  const of = (method, path, body) => call(world, { ...key, tenant }, method, path, body);
  await makesKey();
  await brands();
  await registersAddress();
  await opensPortal();
  await registersClient();

  async function makesTenant() {
    await page.goto("/admin/tenants");
    await page.getByRole("button", { name: "New tenant" }).first().click();
    await dialog.getByRole("button", { name: "Make tenant" }).click();
    await dialog.getByText("Give the tenant a name.").waitFor();
    await dialog.getByLabel("Name").fill(NAME);
    await dialog.getByLabel("Industry").selectOption("accounting");
    await person.look(page, "dialog-tenant", ABOVE);
    await dialog.getByRole("button", { name: "Make tenant" }).click();
    await page.getByRole("heading", { level: 1, name: NAME }).waitFor();
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const made = await call(world, key, "GET", `/v1/tenants/${id}`);
    same([made.name, made.industry], [NAME, "accounting"], "the tenant is at the host");
    return id;
  }

  /** Its text is shown once, and works until it is ended. */
  async function makesKey() {
    await page.getByRole("button", { name: "New key" }).first().click();
    await dialog.getByLabel("Name").fill("Production backend");
    await dialog.getByRole("button", { name: "Make key" }).click();
    await dialog.getByRole("heading", { name: "Key Production backend" }).waitFor();
    const text = (await dialog.locator("code").first().innerText()).trim();
    holds(/^pb[a-z]_/.test(text), "the key's text is shown");
    const works = () => call(world, { key: text }, "GET", "/v1/connections").then(() => true, (why) => (holds(/401/.test(why.message), why.message), false));
    holds(await works(), "and works");
    await person.look(page, "dialog-key-once", ABOVE);
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await dialog.waitFor({ state: "hidden" });
    const row = page.getByRole("row").filter({ hasText: "Production backend" });
    await row.getByText("In use").waitFor();
    holds(!(await page.content()).includes(text), "it is nowhere on the page any more");
    await page.reload();
    await row.getByText("In use").waitFor();
    holds(!(await page.content()).includes(text), "nor after a reload");

    await row.getByRole("button", { name: "End key Production backend" }).click();
    await dialog.getByText("is refused from this moment on").waitFor();
    await person.look(page, "dialog-key-end", ABOVE);
    await dialog.getByRole("button", { name: "Keep as it is" }).click();
    await dialog.waitFor({ state: "hidden" });
    holds(await works(), "a question ends nothing");
    await row.getByRole("button", { name: "End key Production backend" }).click();
    await dialog.getByRole("button", { name: "End key" }).click();
    await row.getByText("Ended").waitFor();
    holds(!(await works()), "the key is refused");
  }

  async function brands() {
    const brand = page.locator("form").filter({ has: page.getByRole("button", { name: "Save brand" }) });
    const files = brand.locator("input[type=file]");
    await files.setInputFiles({ name: "logo.jpg", mimeType: "image/jpeg", buffer: Buffer.from("jpeg") });
    await brand.getByRole("alert").filter({ hasText: "A logo is an SVG or PNG file." }).waitFor();
    await files.setInputFiles({ name: "large.png", mimeType: "image/png", buffer: Buffer.alloc(70 * 1_024) });
    await brand.getByRole("alert").filter({ hasText: "larger than 64 KiB" }).waitFor();
    await brand.getByLabel("Accent colour").fill("sea");
    await brand.getByRole("button", { name: "Save brand" }).click();
    await brand.getByText("A colour is six digits").waitFor();
    // What runs is no picture; the host looks, whatever the page thinks of it.
    await brand.getByLabel("Accent colour").fill("#0B7285");
    await files.setInputFiles({ name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from(LOGO.replace("<rect", "<script>alert(1)</script><rect")) });
    await brand.getByRole("button", { name: "Save brand" }).click();
    await brand.getByRole("alert").filter({ hasText: /script|SVG|logo/i }).first().waitFor();
    await person.look(page, "brand-refused");
    await files.setInputFiles({ name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from(LOGO) });
    await brand.getByLabel("Name").fill("Świętokrzyskie");
    await brand.getByRole("button", { name: "Save brand" }).click();
    await page.getByText(`The brand of ${NAME} is saved`).waitFor();
    const saved = await of("GET", "/v1/brand");
    same([saved.name, saved.accent], ["Świętokrzyskie", "#0b7285"], "the brand is at the host");
    holds(saved.logo?.startsWith("/brand/") || saved.logo?.includes("logo"), `with its logo: ${saved.logo}`);
    await brand.getByText("Świętokrzyskie", { exact: true }).waitFor();
    await until("the logo is shown", () => brand.locator("img").first().evaluate((image) => image.complete && image.naturalWidth > 0));
    await person.look(page, "brand-saved");
    await brand.getByRole("button", { name: "Remove logo" }).click();
    await brand.getByRole("button", { name: "Save brand" }).click();
    await until("the logo is gone", async () => !(await of("GET", "/v1/brand")).logo);
  }

  async function registersAddress() {
    const addresses = async () => (await of("GET", "/v1/return-addresses")).items.map(({ name, address }) => [name, address]);
    await page.getByRole("button", { name: "Register address" }).first().click();
    await dialog.getByLabel("Name").fill("The application");
    await dialog.getByLabel("Address").fill("http://app.example.com/connected");
    await dialog.getByRole("button", { name: "Register address" }).click();
    await dialog.getByText("Address must begin with https://").waitFor();
    await person.look(page, "dialog-return-wrong", ABOVE);
    await dialog.getByLabel("Address").fill("https://app.example.com/connected");
    await dialog.getByRole("button", { name: "Register address" }).click();
    await dialog.waitFor({ state: "hidden" });
    same(await addresses(), [["The application", "https://app.example.com/connected"]], "it is registered");
    await page.getByRole("button", { name: "Remove The application" }).click();
    await dialog.getByText("have no way back any more").waitFor();
    await person.look(page, "dialog-return-remove", ABOVE);
    await dialog.getByRole("button", { name: "Remove address" }).click();
    await dialog.waitFor({ state: "hidden" });
    same(await addresses(), [], "and removed");
  }

  /** The address that is made signs somebody in, in another browser. */
  async function opensPortal() {
    await page.getByLabel("User", { exact: true }).fill("user-4711");
    await page.locator("form").filter({ has: page.getByLabel("User", { exact: true }) }).getByLabel("Name").fill("Ann de Vries");
    await page.getByRole("button", { name: "Make portal address" }).click();
    const address = await page.getByRole("link", { name: "Open portal" }).getAttribute("href");
    await person.look(page, "tenant-portal");
    const ann = await browser.person();
    ann.tolerate(/status of 401/);
    const portal = await ann.open(address);
    await portal.waitForURL("**/app/integrations");
    await portal.getByRole("button", { name: /^Ann de Vries/ }).waitFor();
    // The brand's name is another one than the tenant's, which stands below the user.
    await portal.getByRole("button", { name: NAME }).waitFor();
    await portal.getByRole("heading", { level: 1, name: "Integrations" }).waitFor();
    await ann.look(portal, "portal-brand");
  }

  async function registersClient() {
    const path = "/v1/connectors/patchbay.silverfin/oauth-clients";
    const clients = async () => (await call(world, key, "GET", path)).items;
    await page.goto("/admin/oauth-clients?connector=patchbay.silverfin");
    await page.getByRole("button", { name: "Register client" }).first().click();
    await dialog.getByRole("button", { name: "Register client" }).click();
    await dialog.getByText("Enter the client id that the provider shows.").waitFor();
    await dialog.getByLabel("For").selectOption({ label: NAME });
    await dialog.getByLabel("Client id").fill("client-of-the-office");
    await dialog.getByRole("textbox", { name: /^Client secret/ }).fill("a secret of the office");
    await person.look(page, "dialog-oauth-client", ABOVE);
    await dialog.getByRole("button", { name: "Register client" }).click();
    await dialog.getByText("One step is left, at the provider").waitFor();
    const redirect = (await dialog.locator("code").first().innerText()).trim();
    await person.look(page, "dialog-oauth-redirect", ABOVE);
    await dialog.getByRole("button", { name: "Done" }).click();
    const [made] = await clients();
    same([made.client_id, made.tenant, made.has_secret, made.redirect_uri, made.retired_at], ["client-of-the-office", tenant, true, redirect, null], "it is registered for that tenant");
    holds(!(await page.content()).includes("a secret of the office"), "its secret is nowhere on the page");
    const row = page.getByRole("row").filter({ hasText: NAME });
    await row.getByText("In use").waitFor();
    await row.getByRole("button", { name: /^Show details/ }).click();
    await page.getByText("The client secret is stored, sealed.").waitFor();
    await person.look(page, "oauth-clients");
    await row.getByRole("button", { name: /^Take out of use/ }).click();
    await dialog.getByText("Connections that were made with it keep it").waitFor();
    await person.look(page, "dialog-oauth-remove", ABOVE);
    await dialog.getByRole("button", { name: "Take out of use" }).click();
    // Nothing was connected with it, so nothing is left of it.
    await page.getByText("No client is registered").waitFor();
    same(await clients(), [], "it is out of use at the host");
  }
}
