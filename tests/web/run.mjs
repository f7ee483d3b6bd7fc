// One journey: `node run.mjs NAME`, started by tests/it (`web::…`), which owns the host and the providers.
//
// The first line of standard input is the world: addresses, keys, where the browser is. Afterwards the journey may ask the
// test for what only it can do (move the host's clock, stop the host): a line `? {…}` on standard output, answered by one
// line on standard input. When standard input ends, whoever started this is gone, and so are we.
//
// Exit code 0: everything that the journey promises holds. Else the last lines say what does not.

import { createInterface } from "node:readline";
import { Browser } from "./browser.mjs";

/** Longest journey. The test that waits for it has a little more patience. */
const LIMIT_MS = 170_000;

const [name] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });
const heard = [];
const waiting = [];
lines.on("line", (line) => (waiting.shift() ?? ((early) => heard.push(early)))(line));
const nextLine = () => (heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((resolve) => waiting.push(resolve)));

/** Has the test do something, and waits until it is done. */
async function ask(wish) {
  process.stdout.write(`? ${JSON.stringify(wish)}\n`);
  const answer = JSON.parse(await nextLine());
  if (answer.error) throw new Error(`the test could not ${JSON.stringify(wish)}: ${answer.error}`);
  return answer.done;
}

const world = JSON.parse(await nextLine());
const browser = await Browser.launch(world);

async function leave(code) {
  await browser.close().catch(() => {});
  process.exit(code);
}
lines.on("close", () => leave(1));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => leave(1));
const overtime = setTimeout(async () => {
  console.log(`the journey ${name} did not end within ${LIMIT_MS / 1000} s`);
  console.log(await browser.evidence(name));
  await leave(1);
}, LIMIT_MS);

try {
  const { default: journey } = await import(`./journeys/${name}.mjs`);
  await journey({ world, browser, ask });
  browser.hold();
} catch (error) {
  console.log(`${error?.stack ?? error}`);
  console.log(await browser.evidence(name));
  await leave(1);
}
clearTimeout(overtime);
await leave(0);
