/** Why something stands as it does: what happened, what to do, and the code with the rest of its page. */
import type { Reason as Why } from "@patchbay/client";
import type { ReactNode } from "react";
import { useCodePage } from "~/api/errors";
import css from "./Reason.module.css";

export interface ReasonProps {
  reason: Why;
  tone?: "bad" | "warn" | "busy" | "none";
  /** What this app offers to do about it; else what the code's page says stands there. */
  remedy?: ReactNode;
  /** For operators only. */
  operator?: string | null | undefined;
}

export function Reason({ reason, tone = "bad", remedy, operator }: ReasonProps) {
  const page = useCodePage(reason.code);
  const todo = page?.parts.find((part) => part.heading === "What to do")?.text;
  return (
    <div className={css.box} data-tone={tone}>
      <p className={css.title}>{page?.title ?? reason.detail}</p>
      {page && page.title !== reason.detail && <p>{reason.detail}</p>}
      {operator && <p className={css.soft}>{operator}</p>}
      {remedy ? <div className={css.remedy}>{remedy}</div> : todo && <p><strong className={css.strong}>What to do.</strong> {todo}</p>}
      <details className={css.page}>
        <summary>{reason.code}: what it means</summary>
        {page?.parts.map((part) => <p key={part.heading}><strong className={css.strong}>{part.heading}.</strong> {part.text}</p>)}
      </details>
    </div>
  );
}
