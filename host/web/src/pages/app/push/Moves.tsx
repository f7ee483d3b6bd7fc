/** The states that a push came to, oldest first, with whose word it was. */
import type { PushDetail, PushMove, PushState } from "@patchbay/client";
import { useCodeTitles } from "~/api/errors";
import { Section } from "~/ui/Page";
import { statusWord, type Tone } from "~/ui/Status";
import { Timeline } from "~/ui/Timeline";

const TONES: Record<PushState, Tone> = { waiting: "none", planned: "busy", sending: "busy", done: "good", rejected: "bad", failed: "bad", unknown: "warn", skipped: "none", expired: "bad" };
const WORDS: Partial<Record<PushState, string>> = { planned: "About to be sent", expired: "Waited too long" };

export function Moves({ push }: { push: PushDetail }) {
  const title = useCodeTitles(push.history.flatMap((move) => (move.code ? [move.code] : [])));
  const more = (move: PushMove) => (move.code || move.actor) && <>
    {move.code && <p>{title(move.code)} <a href={`/errors/${move.code}`} target="_blank" rel="noreferrer">{move.code}</a></p>}
    {move.actor && <p>By {move.actor}</p>}
  </>;
  return (
    <Section title="What happened">
      <Timeline label="What happened to the item" moments={push.history.map((move, place) => ({ id: String(place), at: move.at, tone: TONES[move.state], what: WORDS[move.state] ?? statusWord(move.state), more: more(move) }))} />
    </Section>
  );
}
