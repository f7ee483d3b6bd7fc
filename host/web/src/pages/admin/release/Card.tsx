/** The permission card of one release: all that it may do, by what it is about. */
import type { PermissionLine } from "@patchbay/client";
import { grouped } from "./card";
import css from "./Card.module.css";

export function Card({ card }: { card: PermissionLine[] }) {
  const asked = card.filter((line) => line.after !== null);
  return (
    <div className={css.card}>
      {grouped(asked, false).map(({ group, title, lines }) => (
        <div key={group} className={css.group}>
          <h3>{title}</h3>
          <dl className={css.lines}>
            {lines.map((line) => <div key={line.subject}><dt>{line.subject}</dt><dd>{line.after}</dd></div>)}
          </dl>
        </div>
      ))}
    </div>
  );
}
