/** The host that a test has. */

import { hostGlobals } from "../globals.ts";
import { install, present } from "../host.ts";
import { parseRfc3339 } from "../time.ts";
import type { Host, Http } from "../wire.ts";
import { answer, difference, isFor, json, parse, type Exchange, type Fixture } from "./fixture.ts";

/** 2026-11-21T09:30:00Z: some moment, the same in every test. */
const NOW_MS = 1_795_253_400_000;

/** Headers that only the gate sets, so that a connector which sends one is refused. */
const RESERVED = new Set([
  "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "cookie", "expect", "forwarded",
  "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "via",
]);

/** A line that the connector logged. */
export interface LogLine {
  /** 1 error, 2 warning, 3 info, 4 debug. */
  level: number;
  message: string;
  fields: [string, string][];
}

/** A request that the connector sent. */
export interface SentRequest {
  method: string;
  url: string;
  headers: [string, string][];
  /** The body, where it is JSON. */
  json: unknown;
  /** The step's name, for a write. */
  step: string | undefined;
}

/** A mistake that a test is to see, even where the connector catches what is thrown. */
class TestFailure extends Error {}

/**
 * The host of a test: answers from fixtures, checks each request as the gate would, until the test ends.
 *
 * ```ts
 * TestHost.answering(fixture("identify.json")).inOrder();
 * assert.equal(connector.identify(new Context()).name, "Acme BV");
 * ```
 *
 * Behind each test the host is closed, and the test fails when an answer was not used. `close` does so before that, for a
 * test that needs a second host.
 */
export class TestHost implements Host {
  /** What was sent so far. */
  readonly requests: SentRequest[] = [];
  /** What was logged so far. */
  readonly logs: LogLine[] = [];
  /** The steps that were reported as refused. */
  readonly refusedSteps: string[] = [];
  /** The last progress. */
  lastProgress: { done: number; total: number | undefined } | undefined;
  readonly #waiting: Exchange[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #before: Host | undefined;
  #now = NOW_MS;
  #stopAfter = Number.POSITIVE_INFINITY;
  #inOrder = false;
  #failed: Error | undefined;

  private constructor() {
    this.#before = install(this);
    if (this.#before !== undefined) {
      install(this.#before);
      throw new Error("there is a test host already: close it first");
    }
    hostGlobals();
  }

  /** A host that answers these exchanges. */
  static answering(fixture: string | Fixture | Exchange[]): TestHost {
    const host = TestHost.empty();
    try {
      return host.and(fixture);
    } catch (error) {
      install(undefined);
      throw error;
    }
  }

  /** A host that answers nothing. */
  static empty(): TestHost {
    return new TestHost();
  }

  /** Adds the exchanges of a further fixture. */
  and(fixture: string | Fixture | Exchange[]): this {
    const { exchanges, now } = parse(fixture);
    this.#waiting.push(...exchanges);
    if (now !== undefined) {
      this.#now = parseRfc3339(now) ?? fail(`\`now\` is no time: ${now}`);
    }
    return this;
  }

  /** Demands the requests in the very order of the fixtures. */
  inOrder(): this {
    this.#inOrder = true;
    return this;
  }

  /** Sets the clock, milliseconds since 1970. */
  at(nowMs: number): this {
    this.#now = nowMs;
    return this;
  }

  /** Says `shouldStop` once so many requests were sent. */
  stopAfter(requests: number): this {
    this.#stopAfter = requests;
    return this;
  }

  /** Keeps these bytes as a blob of this id. */
  holding(blob: string, bytes: Uint8Array): this {
    this.#blobs.set(blob, bytes);
    return this;
  }

  /** Takes the host away; fails when it refused a request, or an answer was not used. */
  close(): void {
    install(undefined);
    if (this.#failed !== undefined) {
      throw this.#failed;
    }
    if (this.#waiting.length > 0) {
      fail(`these answers were not used:\n  ${this.#waiting.map(title).join("\n  ")}`);
    }
  }

  send(request: Http.Request): Http.Response {
    this.#check(request);
    const { method, url, headers, step } = request;
    this.requests.push({ method, url, headers: [...headers], json: json(request.body), step: step ?? undefined });
    const at = this.#waiting.findIndex((exchange, index) => (!this.#inOrder || index === 0) && isFor(exchange, request));
    const [exchange] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (exchange === undefined) {
      const waiting = this.#waiting.length === 0 ? "nothing" : this.#waiting.map(title).join("\n  ");
      return this.#refuse(`no answer for\n  ${method} ${url}\nwaiting:\n  ${waiting}`);
    }
    const different = difference(exchange, request);
    if (different !== undefined) {
      return this.#refuse(`${title(exchange)}: ${different}`);
    }
    return answer(exchange, request.intoBlob ? (bytes) => this.#keep(bytes) : undefined);
  }

  nowMs(): number {
    return this.#now;
  }

  /** The same in every test, and not all the same byte. */
  random(len: number): Uint8Array {
    return Uint8Array.from({ length: Math.min(len, 1_024) }, (_, at) => at % 251);
  }

  remainingMs(): number {
    return this.shouldStop() ? 0 : 600_000;
  }

  shouldStop(): boolean {
    return this.requests.length >= this.#stopAfter;
  }

  log(level: number, message: string, fields: [string, string][]): void {
    this.logs.push({ level, message, fields });
  }

  progress(done: number, total: number | null): void {
    this.lastProgress = { done, total: total ?? undefined };
  }

  stepRefused(step: string): void {
    this.refusedSteps.push(step);
  }

  /** Of the host's shape, 26 lower-case letters and digits, made of the step's name. */
  stepKey(step: string): string {
    return step.replace(/[^a-z]/g, "").slice(0, 26).padEnd(26, "2");
  }

  blobSize(blob: string): number | null {
    return this.#blobs.get(blob)?.length ?? null;
  }

  blobRead(blob: string, offset: number, len: number): Uint8Array | null {
    return this.#blobs.get(blob)?.slice(offset, offset + Math.min(len, 1024 * 1024)) ?? null;
  }

  blobCreate(): string {
    return this.#keep(new Uint8Array(0));
  }

  blobAppend(blob: string, data: Uint8Array): boolean {
    const held = this.#blobs.get(blob);
    if (held === undefined) {
      return false;
    }
    this.#blobs.set(blob, Uint8Array.from([...held, ...data]));
    return true;
  }

  /** Keeps bytes under an id that no blob has yet; those of `holding` are the test's own. */
  #keep(bytes: Uint8Array): string {
    let number = this.#blobs.size + 1;
    while (this.#blobs.has(`blob-${number}`)) {
      number += 1;
    }
    this.#blobs.set(`blob-${number}`, bytes);
    return `blob-${number}`;
  }

  /** What the gate would refuse whatever the manifest says. */
  #check(request: Http.Request): void {
    const { method, url, headers, effect, step } = request;
    if (!url.startsWith("https://")) {
      this.#refuse(`${url} is not https`);
    }
    for (const [name, value] of headers) {
      if (RESERVED.has(name.toLowerCase())) {
        this.#refuse(`header ${name} is the gate's; a connector never sets it`);
      }
      if (/[\r\n\0]/.test(value)) {
        this.#refuse(`header ${name} holds a line break`);
      }
    }
    if ((effect === "write") !== (step !== null)) {
      this.#refuse(`${method} ${url}: a write has a step, and only a write`);
    }
  }

  #refuse(why: string): never {
    this.#failed ??= new TestFailure(why);
    throw this.#failed;
  }
}

/** Closes the host that a test left open. */
export function closeOpen(): void {
  const open = present();
  if (open instanceof TestHost) {
    open.close();
  }
}

function title({ request }: Exchange): string {
  return `${request.method} ${request.url}`;
}

function fail(why: string): never {
  throw new TestFailure(why);
}
