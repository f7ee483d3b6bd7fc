/** What stands where content would be: nothing yet, being fetched, or in trouble. */
import type { ReactNode } from "react";
import { Button } from "./Button";
import { problem as problemOf } from "~/api/client";
import { useCodePage } from "~/api/errors";
import css from "./States.module.css";

/** Nothing here: one sentence on what would be, and one thing to do. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p className={css.emptyTitle}>{title}</p>
      {children && <p className={css.soft}>{children}</p>}
      {action}
    </div>
  );
}

/** A grey bar of the size of what comes; nothing moves when it does. */
export function Skeleton({ width = "100%", height = 14 }: { width?: number | string; height?: number | string }) {
  return <span className={css.skeleton} style={{ width, height }} aria-hidden="true" />;
}

/** Lines that come, with a word for those who do not see them. */
export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div className={css.loading} role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => <Skeleton key={line} width={`${90 - ((line * 17) % 40)}%`} />)}
    </div>
  );
}

/** Something went wrong: what happened, what it means, what to do; the code in small print. */
export function Trouble({ error, retry, title }: { error: unknown; retry?: (() => void) | undefined; title?: string }) {
  const problem = problemOf(error);
  // Where the host only says its name, the page of the code says what it means.
  const bare = problem.detail.replace(/\.$/, "") === problem.title;
  const page = useCodePage(bare && problem.errors.length === 0 ? problem.code : undefined);
  return (
    <div className={css.trouble} role="alert">
      <p className={css.troubleTitle}>{title ?? problem.title}</p>
      {!bare || title ? <p>{problem.detail}</p> : page?.parts.slice(1).map((part) => <p key={part.heading}>{part.text}</p>)}
      {problem.errors.length > 0 && <ul>{problem.errors.map((field) => <li key={field.pointer + field.detail}><code>{field.pointer}</code> {field.detail}</li>)}</ul>}
      {problem.operator && <p className={css.soft}>{problem.operator}</p>}
      <div className={css.troubleFoot}>
        {retry && <Button onClick={retry}>Try again</Button>}
        {problem.code && <a className={css.code} href={`/errors/${problem.code}`} target="_blank" rel="noreferrer">{problem.code}: what it means</a>}
      </div>
    </div>
  );
}
