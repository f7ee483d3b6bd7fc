/** What was approved beside what is asked now, line by line; what adds to its powers is marked. */
import type { PermissionLine } from "@patchbay/client";
import { useState } from "react";
import { Switch } from "~/ui/Field";
import { plural } from "~/ui/format";
import { CHANGES, grouped } from "./card";
import css from "./Diff.module.css";

export function Diff({ card, version }: { card: PermissionLine[]; version: string }) {
  const [whole, showWhole] = useState(false);
  const same = card.filter((line) => line.change === "same").length;
  const groups = grouped(card, !whole);
  return (
    <div className={css.diff}>
      {same > 0 && <Switch label={`Show the ${plural(same, "line")} that ${same === 1 ? "stays" : "stay"} as before`} checked={whole} onChange={showWhole} />}
      {groups.length === 0 ? <p className={css.soft}>Every line is as it was approved.</p> : (
        <table className={css.table}>
          <caption className="visually-hidden">What was approved, and what version {version} asks for</caption>
          <thead>
            <tr><th scope="col">Of what</th><th scope="col">Approved today</th><th scope="col">{version} asks</th></tr>
          </thead>
          {groups.map(({ group, title, lines }) => (
            <tbody key={group}>
              <tr className={css.group}><th scope="rowgroup" colSpan={3}>{title}</th></tr>
              {lines.map((line) => (
                <tr key={line.subject} data-change={line.change}>
                  <th scope="row" className={css.subject}>
                    {line.change !== "same" && <span className={css.mark}><span aria-hidden="true">{CHANGES[line.change].mark}</span> {CHANGES[line.change].word}</span>}
                    <span className={css.name}>{line.subject}</span>
                  </th>
                  <td data-side="Approved today">{line.before ?? <span className={css.soft}>Nothing</span>}</td>
                  <td data-side={`${version} asks`} className={css.after}>{line.after ?? <span className={css.soft}>Not asked any more</span>}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </div>
  );
}
