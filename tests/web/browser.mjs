// Debian's Chromium, driven by playwright-core: an empty profile, nothing reached but this machine, and a person's window
// (`Person`) that notices everything that a page must not do.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { look } from "./look.mjs";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
  // A page that asks somebody else finds nobody, and the journey fails.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];
/** Longest wait for what a person waits for. */
const PATIENCE_MS = 20_000;

export class Browser {
  #world;
  #chromium;
  #people = [];

  static async launch(world) {
    const browser = new Browser();
    browser.#world = world;
    browser.#chromium = await chromium.launch({ executablePath: world.chromium, headless: true, args: FLAGS });
    await mkdir(world.shots, { recursive: true });
    return browser;
  }

  /** A browser of its own (cookies, storage) for somebody; `options` as playwright's `newContext`. */
  async person(options = {}) {
    const context = await this.#chromium.newContext({
      baseURL: this.#world.base, locale: "en-GB", timezoneId: "Europe/Brussels", viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce", ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const person = new Person(this.#world, context);
    await person.begin();
    this.#people.push(person);
    return person;
  }

  /** Fails if any page of anybody did what no page may do. */
  hold() {
    const wrongs = this.#people.flatMap((person) => person.wrongs);
    if (wrongs.length > 0) throw new Error(`pages did what they must not:\n${wrongs.join("\n")}`);
  }

  /** What everybody sees, for a journey that fails. */
  async evidence(name) {
    const pages = this.#people.flatMap((person) => person.context.pages());
    const said = [];
    for (const [place, page] of pages.entries()) {
      const path = join(this.#world.shots, `FAILED-${name}-${place}.png`);
      const text = await page.locator("body").innerText({ timeout: 1_000 }).catch(() => "");
      await page.screenshot({ path, timeout: 5_000 }).catch(() => {});
      said.push(`${page.url()} (${path}):\n${text.slice(0, 2_000)}`);
    }
    return [...said, ...this.#people.flatMap((person) => person.wrongs)].join("\n\n");
  }

  async close() {
    await this.#chromium?.close();
  }
}

/** Somebody with a browser. */
export class Person {
  /** What pages did that they must not. */
  wrongs = [];
  #world;
  /** A page that asks whether anybody is signed in, and learns that nobody is. */
  #tolerated = [/status of 401 .*\/v1\/session\)/];

  constructor(world, context) {
    this.#world = world;
    this.context = context;
  }

  async begin() {
    await this.context.exposeBinding("patchbayViolation", (_, what) => this.#wrong(`policy: ${what}`));
    await this.context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        globalThis.patchbayViolation(`${event.effectiveDirective} ${event.blockedURI} at ${event.documentURI}`);
      });
    });
    this.context.on("page", (page) => this.#watch(page));
  }

  /** Opens an address, of the host or a whole one. */
  async open(address) {
    const page = await this.context.newPage();
    await page.goto(address);
    return page;
  }

  /** What a console may say in this journey: a refused call that the journey provokes, by text and address. */
  tolerate(...patterns) {
    this.#tolerated.push(...patterns);
  }

  /** Looks at a page closely; see look.mjs. A world may narrow how (`looks`), while a journey is being written. */
  async look(page, name, options) {
    await look(page, join(this.#world.shots, name), { ...options, ...this.#world.looks });
  }

  #watch(page) {
    // A provider's page is not ours to judge.
    const ours = (address) => !address || address.startsWith(this.#world.base);
    page.on("console", (message) => {
      const address = message.location().url;
      if (message.type() === "error" && ours(address)) this.#wrong(`console: ${message.text()} (${address})`);
    });
    page.on("pageerror", (error) => {
      if (ours(page.url())) this.#wrong(`script: ${error.stack ?? error.message} at ${page.url()}`);
    });
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      const here = ["127.0.0.1", "localhost"].includes(hostname);
      if (protocol.startsWith("http") && !here) this.#wrong(`elsewhere: ${request.url()} from ${page.url()}`);
    });
  }

  #wrong(what) {
    if (!this.#tolerated.some((pattern) => pattern.test(what))) this.wrongs.push(what);
  }
}
