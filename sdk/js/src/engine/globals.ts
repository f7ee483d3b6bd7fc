/**
 * What a JavaScript author expects to be there, and a bare engine has not: `console`, `TextEncoder`, `TextDecoder`, `crypto`,
 * `structuredClone`, `performance`. Small versions; what an engine brings itself stays, but for the ones that would stand
 * still. `URL` and `URLSearchParams` are put into the bundle only where they are used (`build/url.mjs`).
 */

import { binary, textOf, textOfAny, utf8 } from "../bytes.ts";
import { hostGlobals } from "../globals.ts";
import { host, present } from "../host.ts";
import { shown } from "../log.ts";

const scope = globalThis as unknown as Record<string, unknown>;

/** Defined and not assigned: some engines have getters there. */
function put(name: string, value: unknown): void {
  Object.defineProperty(scope, name, { value, writable: true, configurable: true });
}

/** `console.log` becomes a line of the run's log; what is printed while the modules are loaded goes nowhere. */
function line(level: number): (...values: unknown[]) => void {
  return (...values) => present()?.log(level, values.map(shown).join(" "), []);
}

class SmallEncoder {
  readonly encoding = "utf-8";

  encode(text = ""): Uint8Array {
    return utf8(String(text));
  }
}

class SmallDecoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(label.trim())) {
      throw new RangeError(`only UTF-8 is here, not ${label}`);
    }
    this.fatal = options.fatal ?? false;
    this.ignoreBOM = options.ignoreBOM ?? false;
  }

  decode(bytes: ArrayBuffer | ArrayBufferView = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    const text = this.fatal ? this.#strict(view) : textOfAny(view);
    return text.startsWith("\ufeff") && !this.ignoreBOM ? text.slice(1) : text;
  }

  #strict(view: Uint8Array): string {
    try {
      return textOf(view);
    } catch {
      throw new TypeError("this is no UTF-8");
    }
  }
}

const crypto = {
  getRandomValues<T extends ArrayBufferView>(into: T): T {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    for (let at = 0; at < bytes.length; at += 1_024) {
      bytes.set(host().random(Math.min(1_024, bytes.length - at)), at);
    }
    return into;
  },

  randomUUID(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(binary(bytes), (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};

/** Nothing waits in a connector, so a timer would never fire: better a clear word than silence. */
function missing(name: string, instead: string): () => never {
  return () => {
    throw new Error(`there is no ${name} in a connector: ${instead}`);
  };
}

hostGlobals();
put("console", { log: line(3), info: line(3), warn: line(2), error: line(1), debug: line(4), trace: line(4) });
put("crypto", crypto);
put("performance", { now: () => Date.now(), timeOrigin: 0 });
put("TextEncoder", scope["TextEncoder"] ?? SmallEncoder);
put("TextDecoder", scope["TextDecoder"] ?? SmallDecoder);
if (scope["structuredClone"] === undefined) {
  put("structuredClone", missing("structuredClone", "copy what you need, or use JSON.parse(JSON.stringify(…))"));
}
for (const timer of ["setTimeout", "setInterval", "setImmediate"]) {
  put(timer, missing(timer, "the host schedules and waits; return a Page with `wait`, or throw `rateLimited`"));
}
put("fetch", missing("fetch", "use `http.fetch` of @patchbay/sdk, which answers at once"));
