/** JSON to read. */
import { useMemo } from "react";
import { pieces } from "./json";
import css from "./Json.module.css";

/** Characters that are coloured; what is longer is shown plain, since a hundred thousand elements would hold up the page. */
const COLOURED = 100_000;

export function Json({ text, label }: { text: string; label: string }) {
  const parts = useMemo(() => (text.length > COLOURED ? undefined : pieces(text)), [text]);
  return (
    // A region that scrolls can be reached by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={css.json} role="region" aria-label={label} tabIndex={0}>
      <code>{parts ? parts.map((piece, place) => (piece.kind === "mark" ? piece.text : <span key={place} className={css[piece.kind]}>{piece.text}</span>)) : text}</code>
    </pre>
  );
}
