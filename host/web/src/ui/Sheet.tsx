/** What is known of one thing, line by line: names at the left, values beside them; below each other on a phone. */
import type { ReactNode } from "react";
import css from "./Sheet.module.css";

export type Line = readonly [name: string, value: ReactNode];

/** Lines that do not apply may be `false`. */
export function Sheet({ lines }: { lines: readonly (Line | false)[] }) {
  return (
    <dl className={css.sheet}>
      {lines.map((line) => line && (
        <div key={line[0]} className={css.line}>
          <dt>{line[0]}</dt>
          <dd>{line[1]}</dd>
        </div>
      ))}
    </dl>
  );
}
