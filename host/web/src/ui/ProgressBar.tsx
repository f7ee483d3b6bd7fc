/** How far something is: a bar with words below it. Where nobody knows how much there is, the bar only moves. */
import { Progress as Base } from "@base-ui/react/progress";
import type { ReactNode } from "react";
import css from "./ProgressBar.module.css";

export function ProgressBar({ label, done, total, children }: { label: string; done: number; total?: number | null | undefined; children?: ReactNode }) {
  // What is counted may have grown since somebody estimated it.
  const share = total ? Math.min(100, (done / total) * 100) : null;
  return (
    <div className={css.frame}>
      <Base.Root value={share} aria-label={label}>
        <Base.Track className={css.track}><Base.Indicator className={css.bar} /></Base.Track>
      </Base.Root>
      {children && <span className={css.words}>{children}</span>}
    </div>
  );
}
