/**
 * What a connector is: an object with the functions that it has.
 *
 * | part | functions | for |
 * |---|---|---|
 * | auth | `identify` | whose account it is: always |
 * | fetch | `read`, and where there is something to say `discover` and `pick` | reading streams, a page at a time |
 * | push | `push`, and where the manifest says `idempotency = "find"` `find` | writing one item |
 *
 * None of them is `async`: a request is answered where it is sent.
 */

import type { Context } from "./context.ts";
import type { Identity } from "./identity.ts";
import type { Item, Outcome, Written } from "./item.ts";
import type { Page } from "./page.ts";
import type { Choices, PickRequest, ReadRequest, StreamInfo } from "./read.ts";

export interface Connector {
  /** Asks the provider who the credential belongs to and which accounts it reaches. */
  identify(ctx: Context): Identity;

  /** Which streams this connection has. Left out: those of the manifest. */
  discover?(ctx: Context): StreamInfo[];

  /** Reads one page of a stream and says where to go on. When it throws, nothing of the page is kept and the cursor stays. */
  read?(ctx: Context, request: ReadRequest): Page;

  /** Answers a picker of the kind `search`. Left out: there is none. */
  pick?(ctx: Context, request: PickRequest): Choices;

  /**
   * Writes the item; each request that must not happen twice has the effect `write` and a step of its own.
   *
   * A later attempt runs the same code: the host replays the answers of the steps that were answered. So write it straight
   * down, without asking whether a step was done.
   */
  push?(ctx: Context, item: Item): Outcome;

  /**
   * Looks for what the step of this item wrote, after its answer was lost. `sentMs`: the moment at which it may have left,
   * milliseconds since 1970. `undefined` says that it is surely not there; throw when it cannot be told.
   */
  find?(ctx: Context, item: Item, step: string, sentMs: number): Written | undefined;
}

/** Declares a connector: `export default connector({ identify, read, push })`. It only helps the editor. */
export function connector<T extends Connector>(of: T): T {
  return of;
}
