// What an operator takes from whom: connectors that are installed from a file, and publishers' keys. Each dialog is looked at, and the
// host is asked whether it was done.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { call, holds, same } from "../check.mjs";
import { operator } from "../doors.mjs";

/** A dialog stands above a page, of which no more is wanted than what is around it. */
const ABOVE = { fullPage: false };

export default async function ({ world, browser }) {
  const { person, page } = await operator(browser, world);
  // What the host refuses here is meant to be refused.
  person.tolerate(/status of 4\d\d/);
  const at = (method, path, body) => call(world, { key: world.operator_key }, method, path, body);
  const dialog = page.getByRole("dialog").last();

  await installs();
  await decidesOnPublishers();

  /** A file that is none is refused with words; a signed one is installed by somebody who knows its publisher. */
  async function installs() {
    await page.getByRole("button", { name: "Install connector" }).click();
    const files = dialog.locator("input[type=file]");
    await files.setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") });
    await dialog.getByRole("alert").filter({ hasText: "notes.txt is neither a connector (.wasm) nor a signature (.sig)" }).waitFor();
    await files.setInputFiles({ name: "holiday.wasm", mimeType: "application/wasm", buffer: Buffer.from("a picture of the sea") });
    await dialog.getByText("holiday.wasm").waitFor();
    await dialog.getByRole("button", { name: "Install", exact: true }).click();
    await dialog.getByRole("alert").getByText(/component|WebAssembly/).first().waitFor();
    await person.look(page, "dialog-install-refused", ABOVE);

    const { file, signature, fingerprint } = world.slack;
    await dialog.getByRole("button", { name: "Leave out holiday.wasm" }).click();
    await files.setInputFiles([
      { name: basename(file), mimeType: "application/wasm", buffer: await readFile(file) },
      { name: `${basename(file)}.sig`, mimeType: "application/json", buffer: Buffer.from(signature) },
    ]);
    await dialog.getByRole("button", { name: "Install", exact: true }).click();
    await dialog.getByRole("alert").getByText(/trust/).first().waitFor();
    await person.look(page, "dialog-install-untrusted", ABOVE);
    await dialog.getByLabel("Trust this publisher's key").fill(fingerprint);
    await dialog.getByRole("button", { name: "Install", exact: true }).click();
    await dialog.getByText("is in use").waitFor();
    await person.look(page, "dialog-installed", ABOVE);
    const { items } = await at("GET", "/v1/connectors");
    holds(items.some((one) => one.id === "patchbay.slack" && one.active), "it is in use at the host");
    await dialog.getByRole("link", { name: "Open connector" }).click();
    await page.getByRole("heading", { level: 1, name: "Slack" }).waitFor();

    // The other ways to it: what cannot be fetched is said.
    await page.goto("/admin/connectors?install=registry");
    await dialog.getByRole("button", { name: "Fetch and install" }).click();
    await dialog.getByText("Say what to fetch").waitFor();
    await dialog.getByLabel("Reference").fill("registry.example.com/connectors/books:1.2.0");
    await dialog.getByRole("button", { name: "Fetch and install" }).click();
    await dialog.getByRole("alert").first().waitFor();
    await person.look(page, "dialog-registry-refused", ABOVE);
    await page.goto("/admin/connectors?install=index");
    await dialog.getByText("No index lists anything").waitFor();
    await person.look(page, "dialog-index-none", ABOVE);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  }

  /** A key is trusted by somebody who has it whole, and revoked by its fingerprint. */
  async function decidesOnPublishers() {
    const { key: text, fingerprint } = world.other;
    const state = async () => (await at("GET", "/v1/publishers")).items.flatMap(({ keys }) => keys).find((one) => one.fingerprint === fingerprint)?.state;
    await page.goto("/admin/publishers");
    await page.getByRole("button", { name: "Trust a key" }).first().click();
    await dialog.getByRole("button", { name: "Trust key" }).click();
    await dialog.getByText("Say whose key it is.").waitFor();
    await dialog.getByLabel("Publisher").fill("patchbay");
    await dialog.getByLabel("Public key").fill("not a key");
    await dialog.getByRole("button", { name: "Trust key" }).click();
    await dialog.getByRole("alert").first().waitFor();
    await person.look(page, "dialog-trust-wrong", ABOVE);
    await dialog.getByLabel("Public key").fill(text);
    await dialog.getByRole("button", { name: "Trust key" }).click();
    await dialog.waitFor({ state: "hidden" });
    same(await state(), "trusted", "the key is trusted");
    const row = page.getByRole("row").filter({ hasText: fingerprint });
    await row.getByText("Trusted").waitFor();
    await row.getByRole("button", { name: `Revoke ${fingerprint}` }).click();
    await dialog.getByText("for the first time any more").waitFor();
    await person.look(page, "dialog-revoke-key", ABOVE);
    await dialog.getByRole("button", { name: "Revoke key" }).click();
    await row.getByText("Revoked").waitFor();
    same(await state(), "revoked", "and revoked");
  }
}
