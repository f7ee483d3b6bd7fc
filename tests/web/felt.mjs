// How long a person waits: from the press of a key or button to the painted answer, by the page's own clock.

/** The first few are not counted: the browser compiles what it runs for the second time. */
const WARM = 2;

/**
 * Does something `times` times (a click on a locator, or what a function does) and tells the milliseconds of each: from its
 * event until what `shows` reads has changed and was painted (`wall`), and how much of it the page's own thread has worked
 * (`work`), which a machine that is busy with something else does not change. `shows` and `busy` run in the page.
 */
export async function felt(page, times, act, { shows, busy = () => false }) {
  const wall = [];
  const work = [];
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const worked = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  for (let turn = 0; turn < times + WARM; turn += 1) {
    // As text: the page's policy lets no script make functions of text.
    await page.evaluate(`(() => {
      const [read, waits] = [${shows}, ${busy}];
      const before = read();
      let begun;
      for (const kind of ["click", "keydown"]) addEventListener(kind, (event) => (begun = event.timeStamp), { capture: true });
      globalThis.feltFor = new Promise((done) => {
        let looks = false;
        const look = () => {
          looks = false;
          if (begun === undefined || waits() || read() === before) return;
          changes.disconnect();
          // After this frame is painted.
          const painted = new MessageChannel();
          painted.port1.onmessage = () => done(performance.now() - begun);
          painted.port2.postMessage(null);
        };
        const soon = () => {
          if (!looks) requestAnimationFrame(look);
          looks = true;
        };
        const changes = new MutationObserver(soon);
        changes.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
        addEventListener("input", soon, { capture: true });
      });
    })()`);
    const press = typeof act === "function" ? () => act(turn) : await pressing(page, act);
    const before = await worked();
    await press();
    const seen = await page.evaluate(() => globalThis.feltFor);
    const own = (await worked()) - before;
    if (turn < WARM) continue;
    wall.push(seen);
    work.push(own);
  }
  await session.detach();
  return { wall, work };
}

/** A click at a place, which asks the page for nothing while the time runs. */
async function pressing(page, locator) {
  await locator.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await locator.boundingBox();
  return () => page.mouse.click(x + width / 2, y + height / 2);
}

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
