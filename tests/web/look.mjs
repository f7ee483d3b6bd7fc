// Looking at a page as a careful person would: in both themes, on a desk and on a phone. A picture of each is kept; axe finds
// nothing; nothing sticks out to the right.

import axe from "axe-core";

const THEMES = ["light", "dark"];
const WIDTHS = [1280, 390];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** A page higher than this is cut in its picture. */
const HEIGHT = 4_000;

/** `path` is where the pictures go, without an end. */
export async function look(page, path, { widths = WIDTHS, themes = THEMES, fullPage = true } = {}) {
  const before = page.viewportSize();
  const found = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: width < 500 ? 844 : 800 });
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await still(page);
      const shot = { path: `${path}-${width}-${colorScheme}.png`, animations: "disabled", caret: "initial" };
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.screenshot({ ...shot, fullPage: fullPage && height <= HEIGHT });
      const at = `${page.url()} at ${width}, ${colorScheme}`;
      found.push(...(await overflow(page)).map((what) => `${at}: ${what}`));
      // What dark changes is seen on the desk, what a phone changes in the light.
      if (colorScheme === "light" || width === widths[0]) found.push(...(await accessible(page)).map((what) => `${at}: ${what}`));
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize(before);
  if (found.length > 0) throw new Error(`what a look at the page finds:\n${found.join("\n")}`);
}

/** Waits until nothing moves and no skeleton stands for something. */
async function still(page) {
  await page.evaluate(async () => {
    const frames = (count) => new Promise((done) => (count > 0 ? requestAnimationFrame(() => done(frames(count - 1))) : done()));
    await document.fonts.ready;
    const ending = document.getAnimations().filter((animation) => {
      const { endTime } = animation.effect?.getComputedTiming() ?? {};
      return typeof endTime === "number" && Number.isFinite(endTime);
    });
    await Promise.all(ending.map((animation) => animation.finished.catch(() => {})));
    await frames(2);
  });
}

/** What makes a page wider than its window, or what a dialog holds wider than the dialog. */
async function overflow(page) {
  return page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const dialogs = [...document.querySelectorAll("[role=dialog], [role=alertdialog]")].filter((dialog) => dialog.scrollWidth > dialog.clientWidth + 1);
    if (dialogs.length > 0) return dialogs.map((dialog) => `a dialog of ${dialog.clientWidth} holds ${dialog.scrollWidth}: ${dialog.innerText.slice(0, 80)}`);
    if (document.documentElement.scrollWidth <= room) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > room + 1;
    });
    const names = wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
    return [`it is ${document.documentElement.scrollWidth} wide in ${room}: ${names.join(" · ")}`];
  });
}

/** Violations of axe's rules. */
async function accessible(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }),
    RULES,
  );
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`);
    return `${id}: ${help} (${nodes.length})\n    ${places.join("\n    ")}`;
  });
}
