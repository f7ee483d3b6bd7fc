/** Notes or to-dos of a meeting, one below the other. */
import { Plus, X } from "lucide-react";
import { Button, IconButton } from "~/ui/Button";
import { TextField } from "~/ui/Field";
import type { Row } from "./meeting";
import css from "./Send.module.css";

interface Kind {
  /** Above them all. */
  title: string;
  /** One of them, in a sentence. */
  one: string;
  label: string;
  /** Whether somebody has to do it by a day. */
  due: boolean;
}

export const NOTE: Kind = { title: "Notes", one: "note", label: "Note", due: false };
export const TODO: Kind = { title: "To-dos", one: "to-do", label: "To-do", due: true };

export function Several({ kind, rows, onChange }: { kind: Kind; rows: Row[]; onChange: (rows: Row[]) => void }) {
  const put = (place: number, to: Partial<Row>) => onChange(rows.map((row, other) => (other === place ? { ...row, ...to } : row)));
  return (
    <fieldset className={css.part}>
      <legend>{kind.title}</legend>
      {rows.map((row, place) => (
        // Rows have no name of their own; a row that goes takes its place with it.
        <div key={place} className={css.row}>
          <div className={css.stack}>
            <TextField label={`${kind.label} ${place + 1}`} lines={2} value={row.text} onChange={(text) => put(place, { text })} />
            {kind.due && <div className={css.pair}>
              <TextField label={`Until when, to-do ${place + 1}`} type="date" optional value={row.due ?? ""} onChange={(due) => put(place, { due })} />
              <TextField label={`Who, to-do ${place + 1}`} optional value={row.assignee ?? ""} onChange={(assignee) => put(place, { assignee })} />
            </div>}
          </div>
          <IconButton name={`Remove ${kind.one} ${place + 1}`} onClick={() => onChange(rows.filter((_, other) => other !== place))}><X /></IconButton>
        </div>
      ))}
      <p><Button icon={<Plus aria-hidden="true" />} onClick={() => onChange([...rows, { text: "" }])}>Add a {kind.one}</Button></p>
    </fieldset>
  );
}
