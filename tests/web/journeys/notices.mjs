// The harness itself: a page that is in order passes, and every kind of thing that no page may do is noticed. A check that
// notices nothing would let all the others pass.

import { Browser } from "../browser.mjs";
import { holds } from "../check.mjs";
import { site } from "../site.mjs";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; require-trusted-types-for 'script'";
const page = (body, head = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
   <meta name="viewport" content="width=device-width, initial-scale=1">${head}</head><body><main><h1>Page</h1>${body}</main></body></html>`;

const PAGES = {
  "/fine": page("<p>Nothing is wrong.</p>"),
  "/nameless": page("<button></button>"),
  "/wide": page('<p id="wide">x</p><script src="/wide.js"></script>'),
  "/wide.js": "document.querySelector('#wide').style.width = '2000px'",
  "/inline": page("<p>Hello</p><script>document.title = 'x'</script>"),
  "/markup": page("<p>Hello</p><script src='/markup.js'></script>"),
  "/markup.js": "try { document.body.innerHTML = '<p>made of text</p>' } catch {}",
  "/broken": page("<p>Hello</p><script src='/broken.js'></script>"),
  "/broken.js": "throw new Error('it broke')",
  "/elsewhere": page("<p>Hello</p><script src='/elsewhere.js'></script>"),
  "/elsewhere.js": "fetch('https://fonts.example/a.css').catch(() => {})",
};

export default async function ({ world }) {
  const own = await site(PAGES, { "content-security-policy": POLICY });
  const judge = await Browser.launch({ ...world, base: own.origin });
  const noticed = async (path) => {
    const person = await judge.person();
    const page = await person.open(path);
    await page.waitForLoadState("networkidle");
    const looked = await person.look(page, `notices${path.replace("/", "-")}`, { themes: ["light"] }).then(
      () => "",
      (why) => why.message,
    );
    return `${looked}\n${person.wrongs.join("\n")}`.trim();
  };
  try {
    const fine = await noticed("/fine");
    holds(fine === "", `a page that is in order passes: ${fine}`);
    for (const [path, sign] of [
      ["/nameless", "button-name"],
      ["/wide", "it is 2"],
      ["/inline", "policy: script-src"],
      ["/markup", "policy: require-trusted-types-for"],
      ["/broken", "script: Error: it broke"],
      ["/elsewhere", "elsewhere: https://fonts.example/a.css"],
    ]) {
      const said = await noticed(path);
      holds(said.includes(sign), `${path} is noticed by ${sign}: ${said || "nothing"}`);
    }
  } finally {
    await judge.close();
    await own.close();
  }
}
