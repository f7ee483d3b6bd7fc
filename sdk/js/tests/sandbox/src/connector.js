/**
 * Questions to the engine, in plain JavaScript: what is wrong is thrown, so that `patchbay check` shows it.
 *
 * What stands at the top of the file runs when the component is built: it sees no host.
 */

import { Page, connector, http, run, time } from "@patchbay/sdk";

console.log("said while loading: nobody hears it");
const LOADED = { chance: Math.random(), at: Date.now() };

export default connector({ identify, read });

function identify() {
  const wrong = Object.entries(QUESTIONS).filter(([, question]) => !question());
  if (wrong.length > 0) {
    throw new Error(`not so: ${wrong.map(([name]) => name).join(", ")}`);
  }
  return { id: 1, name: "Sandbox" };
}

const sent = new TextEncoder();
const read_ = new TextDecoder("utf-8", { fatal: true });
const fraction = (bytes) => bytes.subarray(0, 7).reduce((sum, byte, at) => (at === 0 ? byte & 31 : sum * 256 + byte), 0) / 2 ** 53;
const refuses = (work) => {
  try {
    work();
    return false;
  } catch {
    return true;
  }
};

const QUESTIONS = {
  "the clock is the host's": () => Date.now() === run.nowMs() && new Date().getTime() === run.nowMs() && LOADED.at !== run.nowMs(),
  "a moment can be made of numbers": () => new Date(Date.UTC(2026, 10, 21)).toISOString() === "2026-11-21T00:00:00.000Z",
  "moments are read and written": () => time.rfc3339(time.parseRfc3339("2026-11-21T10:30:00+01:00")) === "2026-11-21T09:30:00Z",
  // `patchbay check` gives the same bytes whenever it is asked.
  "chance is the host's": () => Math.random() === fraction(run.random(1_022)) && Math.random() !== LOADED.chance,
  "an id that nobody has is made": () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
  "random bytes fill what they are given": () => new Set(crypto.getRandomValues(new Uint8Array(3000))).size > 200,
  "text becomes UTF-8 and text again": () => read_.decode(sent.encode("grüße 你好 🎉")) === "grüße 你好 🎉",
  "a byte that is no UTF-8 is refused": () => refuses(() => read_.decode(Uint8Array.of(0xff))),
  "an address is taken apart": () => new URL("../b?x=1&y=é#z", "https://user.example:8443/a/c").href === "https://user.example:8443/b?x=1&y=%C3%A9#z",
  "query parameters are read": () => new URLSearchParams("a=1&a=2&b=%20").getAll("a").join() === "1,2",
  "base64 is there": () => atob(btoa("abc")) === "abc",
  "nothing waits": () => refuses(() => setTimeout(() => {}, 1)) && refuses(() => fetch("https://a.example")),
  "regular expressions know letters": () => /\p{Lu}/u.test("Ä") && "é".normalize("NFD").length === 2,
  "languages of people are not there, and do no harm": () => typeof (1234.5).toLocaleString() === "string",
};

function read(_, request) {
  if (request.stream !== "records") {
    throw request.unsupported();
  }
  console.info("reading", { page: request.cursor() ?? 1 });
  const answer = http.fetch("https://api.sandbox.example/records", { query: { page: request.cursor() ?? 1 } }).orFail();
  const records = answer.records("/data/items");
  const text = new TextDecoder().decode(records.json());
  if (/"exact"/.test(text) && !text.includes("12345678901234567890") && !text.includes("unknown")) {
    throw new Error("a number was changed on its way");
  }
  const { next } = answer.json();
  return next ? Page.more(records, next) : Page.complete(records, 1);
}
