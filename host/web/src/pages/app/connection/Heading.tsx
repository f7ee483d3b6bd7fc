/** The name of a connection, edited where it stands, beside the provider's logo. */
import type { ConnectionDetail } from "@patchbay/client";
import { Pencil } from "lucide-react";
import { useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { Button, IconButton } from "~/ui/Button";
import { Logo } from "~/ui/Logo";
import { useChange } from "./queries";
import css from "./Heading.module.css";

/** As long as the host takes. */
const LONGEST = 200;

export function Heading({ connection, provider, logo }: { connection: ConnectionDetail; provider: string; logo: string | null }) {
  const [editing, edit] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const end = () => {
    edit(false);
    // The keyboard stays where it was.
    requestAnimationFrame(() => pencil.current?.focus());
  };
  return (
    <div className={css.heading}>
      <Logo logo={logo} name={provider} size={40} />
      <div className={css.words}>
        {editing
          ? <NameForm connection={connection} onEnd={end} />
          : <div className={css.nameRow}><h1>{connection.name}</h1><IconButton name="Rename" ref={pencil} onClick={() => edit(true)}><Pencil /></IconButton></div>}
        <p className={css.about}>{provider} · {connection.business_name}{connection.login && connection.login !== connection.business_name && <> · {connection.login}</>}</p>
      </div>
    </div>
  );
}

function NameForm({ connection, onEnd }: { connection: ConnectionDetail; onEnd: () => void }) {
  const [name, set] = useState(connection.name);
  const change = useChange(connection.id);
  const told = name.trim();
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (told === connection.name) return onEnd();
    if (told !== "") change.mutate({ name: told }, { onSuccess: onEnd });
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Escape") onEnd();
  };
  return (
    <form className={css.form} onSubmit={save}>
      {/* The person asked for this field by pressing "Rename". */}
      {/* eslint-disable-next-line jsx-a11y/no-autofocus */}
      <input className={css.input} aria-label="Name of this connection" value={name} maxLength={LONGEST} required autoFocus onFocus={(event) => event.target.select()} onChange={(event) => set(event.target.value)} onKeyDown={key} />
      <Button type="submit" look="primary" busy={change.isPending} disabled={told === ""}>Save name</Button>
      <Button look="quiet" onClick={onEnd}>Cancel</Button>
    </form>
  );
}
