/** A status: a dot and a word, never colour alone. The words are the same everywhere (`ui.md`). */
import css from "./Status.module.css";

export type Tone = "good" | "warn" | "bad" | "busy" | "none";

/** Every state that the API says, with its word and tone. */
const WORDS: Record<string, [string, Tone]> = {
  // Cards and connections.
  connect: ["Connect", "none"], active: ["Active", "good"], warning: ["Warning", "warn"], action_required: ["Action required", "bad"],
  coming_soon: ["Coming soon", "none"], pending: ["Waiting for confirmation", "busy"], needs_setup: ["Action required", "bad"], broken: ["Action required", "bad"],
  // Runs.
  due: ["Due", "busy"], running: ["Running", "busy"], done: ["Done", "good"], more_later: ["More later", "busy"], failed: ["Failed", "bad"],
  stalled: ["Stalled", "bad"], held: ["Held", "warn"], cancelled: ["Cancelled", "none"], lost: ["Failed", "bad"],
  // Pushes.
  waiting: ["Waiting", "none"], planned: ["Sending", "busy"], sending: ["Sending", "busy"], duplicate: ["Duplicate", "none"], rejected: ["Rejected", "bad"],
  unknown: ["Unknown", "warn"], skipped: ["Skipped", "none"], expired: ["Failed", "bad"],
  // Releases.
  fetched: ["Checking", "busy"], verified: ["Checking", "busy"], compiled: ["Checking", "busy"], probed: ["Checking", "busy"], ready: ["Waits for approval", "warn"],
  retained: ["Kept", "none"], refused: ["Refused", "bad"], quarantined: ["Quarantined", "bad"], dropped: ["Removed", "none"],
};

/** The word of a state, for a sentence or a filter. */
export function statusWord(state: string): string {
  return WORDS[state]?.[0] ?? state;
}

export function Status({ state, word, tone }: { state: string; word?: string; tone?: Tone }) {
  const [known, usual] = WORDS[state] ?? [state, "none" as Tone];
  return (
    <span className={css.status} data-tone={tone ?? usual} data-state={state}>
      <span className={css.dot} aria-hidden="true" />
      {word ?? known}
    </span>
  );
}
