/** Times, numbers, sizes and ids as people read them. */
import { Check, Copy } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { absolute, relative } from "./format";
import { IconButton } from "./Button";
import css from "./Text.module.css";

/** What makes "2 minutes ago" true again every half minute: one clock for all times of a page. */
let ticks = 0;
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(() => {
    ticks += 1;
    for (const each of watchers) each();
  }, 30_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** A time, relative; the whole of it on hover, in the viewer's zone. */
export function When({ at, none = "–" }: { at: string | null | undefined; none?: string }) {
  useSyncExternalStore(watch, () => ticks);
  if (!at) return <span className={css.soft}>{none}</span>;
  return <time dateTime={at} title={absolute(at)}>{relative(at, Date.now())}</time>;
}

/** An id, shortened, with a button that copies the whole. */
export function Ident({ id, whole = false }: { id: string; whole?: boolean }) {
  const [copied, set] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(id).then(() => {
      set(true);
      setTimeout(() => set(false), 1_500);
    });
  };
  return (
    <span className={`${css.ident} ${whole ? css.whole : ""}`}>
      <code title={id}>{whole || id.length <= 14 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`}</code>
      <IconButton name={copied ? "Copied" : `Copy ${id}`} onClick={copy} className={css.copy}>{copied ? <Check /> : <Copy />}</IconButton>
    </span>
  );
}
