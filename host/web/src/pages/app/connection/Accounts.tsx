/** Which of the accounts that the login reaches are read. */
import type { Account, ConnectionDetail } from "@patchbay/client";
import { useMemo, useState, type FormEvent } from "react";
import { Button } from "~/ui/Button";
import { count, plural } from "~/ui/format";
import { Section } from "~/ui/Page";
import { SearchBox } from "~/ui/SearchBox";
import { useToasts } from "~/ui/Toasts";
import { useChange } from "./queries";
import css from "./Accounts.module.css";

/** Accounts that are painted at once; a search finds the others. */
const SHOWN = 200;
/** From so many on, a search helps. */
const SEARCHABLE = 8;

export function Accounts({ connection }: { connection: ConnectionDetail }) {
  const { accounts } = connection;
  const [wanted, want] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [q, search] = useState("");
  const change = useChange(connection.id);
  const { say } = useToasts();
  const chosen = (account: Account) => wanted.get(account.id) ?? account.selected;
  const changes = accounts.filter((account) => chosen(account) !== account.selected);
  const selected = accounts.filter(chosen).length;
  const found = useMemo(() => {
    const word = q.trim().toLocaleLowerCase();
    return word === "" ? accounts : accounts.filter(({ name, provider_id }) => `${name} ${provider_id}`.toLocaleLowerCase().includes(word));
  }, [accounts, q]);
  const usable = found.filter((account) => account.usable);
  const all = usable.length > 0 && usable.every(chosen);
  const set = (some: Account[], is: boolean) => want((was) => new Map([...was, ...some.map(({ id }): [string, boolean] => [id, is])]));
  const save = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ accounts: Object.fromEntries(changes.map((account) => [account.id, chosen(account)])) }, {
      onSuccess: () => {
        want(new Map());
        say("The accounts are saved");
      },
    });
  };
  return (
    <Section title="Accounts" lead={`${count(selected)} of ${plural(accounts.length, "account")} ${selected === 1 ? "is" : "are"} read.`}>
      <form className={css.form} onSubmit={save}>
        {accounts.length >= SEARCHABLE && (
          <div className={css.tools}>
            <SearchBox label="Search accounts" value={q} onSearch={search} />
            <Button look="quiet" disabled={usable.length === 0} onClick={() => set(usable, !all)}>{all ? "Choose none" : "Choose all"}{q && " that were found"}</Button>
          </div>
        )}
        <ul className={css.list}>
          {found.slice(0, SHOWN).map((account) => (
            <li key={account.id}>
              <label data-usable={account.usable || undefined}>
                {/* One that cannot be read can still be taken out. */}
                <input type="checkbox" checked={chosen(account)} disabled={!account.usable && !account.selected && !chosen(account)} onChange={(event) => set([account], event.target.checked)} />
                <span className={css.name}>{account.name}</span>
                <code className={css.id}>{account.provider_id}</code>
                {(account.note ?? !account.usable) && <span className={css.note}>{account.note ?? "It cannot be read at present."}</span>}
              </label>
            </li>
          ))}
        </ul>
        {found.length === 0 && <p className={css.note}>No account matches “{q}”.</p>}
        {found.length > SHOWN && <p className={css.note}>{count(found.length - SHOWN)} more: search to find them.</p>}
        {changes.length > 0 && (
          <div className={css.foot}>
            <Button type="submit" look="primary" busy={change.isPending}>Save accounts</Button>
            <Button look="quiet" onClick={() => want(new Map())}>Undo</Button>
            <span className={css.note} role="status">{meaning(changes.filter(chosen).length, changes.filter((account) => !chosen(account)).length)}</span>
          </div>
        )}
      </form>
    </Section>
  );
}

/** What saving does. */
function meaning(more: number, fewer: number): string {
  const parts = [more > 0 && `${plural(more, "account")} more will be read.`, fewer > 0 && `${plural(fewer, "account")} will not be read any more; the records that are here stay.`];
  return parts.filter(Boolean).join(" ");
}
