/**
 * Time and chance, which must not stand still.
 *
 * A component starts from a picture of its memory that was taken when it was built: every instance would draw the same
 * "random" numbers, and the sandbox's clock stands at the moment the run began. So `Math.random`, `Date.now`, `new Date()` and
 * `crypto` ask the host. While the modules are loaded, which is at build time, there is no host and the engine's own answer.
 */

import { present } from "./host.ts";
import type { Host } from "./wire.ts";

const random = Math.random.bind(Math);
const EngineDate = Date;
const engineNow = Date.now.bind(Date);

function now(): number {
  return present()?.nowMs() ?? engineNow();
}

/** Bytes that were drawn and not used: a library that rolls dice ten thousand times is not to ask the host as often. */
let drawn = new Uint8Array(0);
let used = 0;
let from: Host | undefined;

/** 53 bits of the host, as a number from 0 to below 1. */
function chance(): number {
  const host = present();
  if (host === undefined) {
    return random();
  }
  if (host !== from || used + 7 > drawn.length) {
    drawn = new Uint8Array(host.random(1_022));
    used = 0;
    from = host;
  }
  const bytes = drawn.subarray(used, used + 7);
  used += 7;
  return bytes.reduce((sum, byte, at) => (at === 0 ? byte & 31 : sum * 256 + byte), 0) / 2 ** 53;
}

/** Puts them in place. */
export function hostGlobals(): void {
  Math.random = chance;
  EngineDate.now = now;
  globalThis.Date = new Proxy(EngineDate, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made) as object,
    apply: () => new EngineDate(now()).toString(),
  });
  EngineDate.prototype.constructor = globalThis.Date;
}
