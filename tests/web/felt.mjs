// How long a person waits: from the press of a key or button to the painted answer, by the page's own clock.

/**
 * Does something `times` times and tells the milliseconds of each: from the event that `act` causes until what `shows` reads has
 * changed and was painted. `shows` and `busy` run in the page.
 */
export async function felt(page, times, act, { shows, busy = () => false }) {
  const took = [];
  for (let turn = 0; turn < times; turn += 1) {
    // As text: the page's policy lets no script make functions of text.
    await page.evaluate(`(() => {
      const [read, waits] = [${shows}, ${busy}];
      const before = read();
      let begun;
      for (const kind of ["click", "keydown"]) addEventListener(kind, (event) => (begun = event.timeStamp), { capture: true });
      globalThis.feltFor = new Promise((done) => {
        const look = () => {
          if (begun === undefined || waits() || read() === before) return void requestAnimationFrame(look);
          // After this frame is painted.
          const painted = new MessageChannel();
          painted.port1.onmessage = () => done(performance.now() - begun);
          painted.port2.postMessage(null);
        };
        requestAnimationFrame(look);
      });
    })()`);
    await act(turn);
    took.push(await page.evaluate(() => globalThis.feltFor));
  }
  return took;
}

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
