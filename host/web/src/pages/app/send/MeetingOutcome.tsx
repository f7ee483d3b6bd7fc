/** What became of each part of a meeting; a part that is refused keeps none of the others. */
import type { CatalogEntry, MeetingResult, MeetingResults } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { Status } from "~/ui/Status";
import { actionTitle, summaryOf } from "../push/words";
import css from "./Send.module.css";

const PARTS: Record<MeetingResult["part"], string> = { report: "Report", note: "Note", todo: "To-do" };

export function MeetingOutcome({ results, entry }: { results: MeetingResults; entry: CatalogEntry | undefined }) {
  return (
    <section className={css.outcome} role="status" aria-label="What became of the meeting">
      <h3>What became of each part</h3>
      <ul className={css.fileList}>
        {results.items.map((one) => <li key={`${one.part} ${one.index}`} className={css.file}><div className={css.fileWords}><Part one={one} entry={entry} /></div></li>)}
      </ul>
    </section>
  );
}

function Part({ one, entry }: { one: MeetingResult; entry: CatalogEntry | undefined }) {
  const name = `${PARTS[one.part]}${one.part === "report" ? "" : ` ${one.index + 1}`}`;
  if (one.problem) return <><span className={css.fileName}>{name}</span><span className={css.error}>{one.problem.detail} {one.problem.errors.map((field) => field.detail).join(" ")}</span></>;
  if (one.with_report) return <><span className={css.fileName}>{name}</span><span className={css.soft}>It goes with the report.</span></>;
  if (!one.push) return <><span className={css.fileName}>{name}</span><span className={css.soft}>{entry?.name ?? "This system"} takes no such part, so it went nowhere.</span></>;
  return (
    <>
      <Link className={css.fileName} to="/app/sent/$push" params={{ push: one.push.id }}>{name}: {summaryOf(one.push.payload) || actionTitle(entry, one.push.action)}</Link>
      <span><Status state={one.push.state} {...(one.push.duplicate_of ? { word: "Already sent" } : {})} /></span>
      {one.push.state === "skipped" && <span className={css.soft}>This kind of data is switched off for the connection.</span>}
    </>
  );
}
