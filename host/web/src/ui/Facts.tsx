/** A few facts with their names, beside each other as far as there is room. */
import type { ReactNode } from "react";
import css from "./Facts.module.css";

export interface Fact {
  name: string;
  value: ReactNode;
  /** Below the value, in small print. */
  note?: ReactNode;
}

export function Facts({ facts, label }: { facts: Fact[]; label?: string }) {
  return (
    <dl className={css.facts} aria-label={label}>
      {facts.map((fact) => (
        <div key={fact.name} className={css.fact}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}{fact.note && <span className={css.note}>{fact.note}</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
