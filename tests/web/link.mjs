// The journey of a connect session (`/link`), walked as a person does who does what each page asks for.

import { holds } from "./check.mjs";

/**
 * Walks in `page` until it has nothing more to do, or leads away at the end. `software` is chosen where it is asked for, `way` the
 * way to log in; `fields` (by label) is typed, or `provider` walks the provider's pages, in the window that opens or in this one.
 * `seen` is told each step: its name and the page.
 */
export async function throughLink(page, base, { software, way, fields = {}, provider, seen = async () => {} }) {
  const own = (url) => url.href.startsWith(base);
  const steps = {
    "form#start": ["landing", () => page.locator("form#start button").click()],
    "li[data-text]": ["choose", () => page.getByRole("link", { name: software }).click()],
    "form#finish": ["confirm", () => page.locator("form#finish button").click()],
    "form#login": ["connect", connect],
    "main a.button": ["read", () => page.locator("main a.button").first().click()],
  };
  // A window that was just opened is empty for a moment.
  await page.waitForURL(own);
  let chosen = way === undefined;
  for (let turn = 0; turn < 20; turn += 1) {
    if (page.isClosed()) return;
    await page.waitForLoadState("load").catch(() => {});
    if (page.isClosed() || !own(new URL(page.url()))) return;
    if ((await page.getByText("You can close this window.").count().catch(() => 1)) > 0) return;
    const other = page.getByRole("link", { name: way ?? " " });
    if (!chosen && (await other.count()) > 0) {
      chosen = true;
      if ((await other.getAttribute("aria-current")) === null) await gone(() => other.click());
      continue;
    }
    const [sign] = (await Promise.all(Object.keys(steps).map(async (sign) => [sign, await page.locator(sign).first().isVisible()]))).find(([, there]) => there) ?? [];
    holds(sign !== undefined, `a page of the journey says what to do: ${page.url()} ${await page.locator("body").innerText()}`);
    const [name, act] = steps[sign];
    await seen(name, page);
    await gone(act);
  }
  throw new Error(`the journey does not end; it stands at ${page.url()}`);

  /** Acts, and waits until another page is there or the window is gone. */
  async function gone(act) {
    const before = await page.evaluate(() => (globalThis.stepped = performance.timeOrigin));
    await act();
    for (let look = 0; look < 200 && !page.isClosed(); look += 1) {
      const now = await page.evaluate(() => performance.timeOrigin).catch(() => before);
      if (now !== before) return;
      await new Promise((again) => setTimeout(again, 100));
    }
    holds(page.isClosed(), `a step leads on from ${page.url()}`);
  }

  async function connect() {
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
    const submit = page.locator("form#login button:not([type=button])");
    if (!provider) return submit.click();
    const popup = page.waitForEvent("popup", { timeout: 5_000 }).catch(() => null);
    await submit.click();
    // In a window of its own, where the browser lets one open; else the provider's pages come in this one.
    const opened = (await Promise.race([popup, page.waitForURL((url) => !own(url), { timeout: 5_000 }).then(() => page, () => null)])) ?? page;
    if (opened !== page) await seen("waiting", page);
    await provider(opened);
    // A window that has done what it was opened for closes itself.
    if (opened === page) await page.waitForURL(own).catch((why) => holds(page.isClosed(), why.message));
  }
}
