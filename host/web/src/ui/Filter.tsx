/** What a list shows: small choices in one row above it. */
import type { ReactNode } from "react";
import type { Choice } from "./Field";
import css from "./Filter.module.css";

export function Filters({ children }: { children: ReactNode }) {
  return <div className={css.row} role="group" aria-label="Filters">{children}</div>;
}

/** One choice; empty is all. */
export function Filter({ label, all, value, choices, onChange }: { label: string; all: string; value: string; choices: Choice[]; onChange: (value: string) => void }) {
  return (
    <select className={css.filter} aria-label={label} value={value} data-set={value !== "" || undefined} onChange={(event) => onChange(event.target.value)}>
      <option value="">{all}</option>
      {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
    </select>
  );
}
