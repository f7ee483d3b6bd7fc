/** What happened, one line each, oldest first: when, what, and more about it. */
import type { ReactNode } from "react";
import { absolute } from "./format";
import type { Tone } from "./Status";
import css from "./Timeline.module.css";

export interface Moment {
  id: string;
  /** RFC 3339; none for what is happening now. */
  at: string | null;
  tone: Tone;
  /** What happened, in a few words. */
  what: ReactNode;
  more?: ReactNode;
  /** A line that only goes with the others. */
  minor?: boolean;
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export function Timeline({ moments, label }: { moments: Moment[]; label: string }) {
  let shown = "";
  return (
    <ol className={css.line} aria-label={label}>
      {moments.map((moment) => {
        const date = moment.at === null ? shown : day.format(new Date(moment.at));
        const fresh = date !== shown;
        shown = date;
        return (
          <li key={moment.id} className={css.moment} data-tone={moment.tone} data-minor={moment.minor || undefined}>
            {fresh && <p className={css.day}>{date}</p>}
            <div className={css.row}>
              <span className={css.dot} aria-hidden="true" />
              {moment.at === null ? <span className={css.at}>now</span> : <time className={css.at} dateTime={moment.at} title={absolute(moment.at)}>{clock.format(new Date(moment.at))}</time>}
              <div className={css.words}>
                <div className={css.what}>{moment.what}</div>
                {moment.more && <div className={css.more}>{moment.more}</div>}
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
