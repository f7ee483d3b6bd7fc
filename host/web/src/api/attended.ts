/**
 * Whether somebody is at this page.
 *
 * The host ends a session that was not used for an hour, so that a browser which somebody walked away from is nobody's way
 * in. A page that keeps itself true asks the host again and again, and the host cannot tell that from use: left alone, it
 * would keep its own session alive for ever. So what asks by itself rests when nobody has touched the page for a while, and
 * goes on, with a look at what has changed, at the next touch.
 */
import { focusManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

/** Milliseconds without a touch after which nobody is taken to be here. */
export const AWAY_AFTER = 10 * 60_000;

/** Time, so that tests have their own. */
export interface Clock {
  /** Milliseconds since some moment, which go on while the machine sleeps. */
  now: () => number;
  /** Calls once, so many milliseconds later. */
  after: (milliseconds: number, act: () => void) => void;
}

const CLOCK: Clock = { now: () => Date.now(), after: (milliseconds, act) => void setTimeout(act, milliseconds) };

export class Attention {
  private touched: number;
  private here = true;
  private readonly listeners = new Set<(here: boolean) => void>();

  constructor(private readonly clock: Clock = CLOCK) {
    this.touched = clock.now();
    this.look();
  }

  /** Somebody did something. It costs next to nothing: each move of a pointer calls it. */
  touch = (): void => {
    this.touched = this.clock.now();
    if (this.here) return;
    this.turn(true);
    this.look();
  };

  /** Whether somebody is here. */
  isHere = (): boolean => this.here;

  /** Tells when somebody comes back and when nobody is here any more; ends with the call of what it gives. */
  subscribe = (listener: (here: boolean) => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /**
   * Waits until somebody is here or `stop` says so, at once if it is so; gives a signal that says stop when nobody is here
   * any more, or when `stop` does.
   */
  async stay(stop: AbortSignal): Promise<AbortSignal> {
    if (!this.here && !stop.aborted) await new Promise<void>((go) => this.next(stop, go));
    const left = new AbortController();
    if (stop.aborted) left.abort();
    else this.next(stop, () => left.abort());
    return left.signal;
  }

  /** Calls once, at the next change or when `stop` says so. */
  private next(stop: AbortSignal, act: () => void): void {
    const end = () => {
      forget();
      stop.removeEventListener("abort", end);
      act();
    };
    const forget = this.subscribe(end);
    stop.addEventListener("abort", end);
  }

  /** Looks when the time could be over, and again while somebody has touched the page meanwhile. */
  private look(): void {
    // A clock that was set back must not make somebody stay for longer.
    this.touched = Math.min(this.touched, this.clock.now());
    const left = this.touched + AWAY_AFTER - this.clock.now();
    if (left > 0) this.clock.after(left, () => this.look());
    else this.turn(false);
  }

  private turn(here: boolean): void {
    this.here = here;
    for (const listener of [...this.listeners]) listener(here);
  }
}

/** Of this page. */
export const attention = new Attention();

/** How a person touches a page. Not `scroll`: a page scrolls itself too, which is nobody. */
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel"];

/**
 * Has the queries rest while the page is hidden or nobody is here: their polls, their retries and their looks after the
 * network was gone. At the next touch, what is open and old is asked for again.
 */
export function restUnattended(): void {
  addEventListener("visibilitychange", attention.touch);
  for (const touch of TOUCHES) addEventListener(touch, attention.touch, { capture: true, passive: true });
  focusManager.setEventListener((setFocused) => {
    const tell = () => setFocused(document.visibilityState !== "hidden" && attention.isHere());
    addEventListener("visibilitychange", tell);
    const forget = attention.subscribe(tell);
    tell();
    return () => {
      removeEventListener("visibilitychange", tell);
      forget();
    };
  });
}

/** Whether somebody is here, for what says that the page rests. */
export const useAttended = (): boolean => useSyncExternalStore(attention.subscribe, attention.isHere);

/** The pause of a poll that goes on in a hidden page, `pause` in milliseconds: none while nobody is here. */
export const attended = (pause: number): number | false => (attention.isHere() ? pause : false);
