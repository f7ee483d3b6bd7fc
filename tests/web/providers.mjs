// The login pages of the fake providers, walked as a person does.

/** Signs in at the Silverfin fake and lets the application in, or not. */
export async function silverfin(page, { user, password, firm }, allow = true) {
  await page.locator("[name='user[email]'], [name=decision]").first().waitFor();
  if (await page.locator("[name='user[email]']").count()) {
    await page.locator("[name='user[email]']").fill(user);
    await page.locator("[name='user[password]']").fill(password);
    await page.locator("button, [type=submit]").first().click();
  }
  await page.locator("[name=decision]").first().waitFor();
  const firms = page.locator("[name=firm_id]");
  if ((await firms.first().getAttribute("type")) === "radio") await page.locator(`[name=firm_id][value='${firm}']`).check();
  else await firms.selectOption(String(firm)).catch(() => firms.fill(String(firm)));
  await page.locator(`[name=decision][value=${allow ? "allow" : "deny"}]`).click();
}

/** What a fake is asked to do instead of answering honestly (`tests/fakes/src/behaviour.rs`), until `honest`. */
export const misbehave = (provider, ...rules) => control(provider, "POST", "behaviour", rules);
export const honest = (provider) => control(provider, "DELETE", "behaviour");

export async function control(provider, method, path, body) {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await fetch(`${provider}/_fake/${path}`, { method, ...json });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
