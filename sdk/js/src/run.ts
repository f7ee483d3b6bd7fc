/** Time, randomness and reporting of the run that a call belongs to. */

import { host } from "./host.ts";

/** The host's clock, milliseconds since 1970. `Date.now()` and `new Date()` show the same. */
export function nowMs(): number {
  return host().nowMs();
}

/** Random bytes of the host, at most 1,024 a call. `Math.random()` and `crypto` take theirs from here. */
export function random(len: number): Uint8Array {
  return host().random(len);
}

/** Milliseconds until the host ends this run. */
export function remainingMs(): number {
  return host().remainingMs();
}

/** Whether to return what is there, with a cursor: the run was cancelled, or its time is nearly over. */
export function shouldStop(): boolean {
  return host().shouldStop();
}

/** Says how far the run is, for people who wait. */
export function progress(done: number, total?: number): void {
  host().progress(done, total ?? null);
}

/** The idempotency key of a step of this item: the same on every attempt and for ever. In `push` and `find`; empty elsewhere. */
export function stepKey(step: string): string {
  return host().stepKey(step);
}

/** To be called when the provider refused a write inside a success status: the step may then be sent again. */
export function stepRefused(step: string): void {
  host().stepRefused(step);
}
