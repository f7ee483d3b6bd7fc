/** The form of a login: what was typed, kept when another login is looked at meanwhile, and what is wrong in it. */
import type { Login } from "@patchbay/client";
import { useRef, useState, type FormEvent } from "react";
import { problem } from "~/api/client";
import { said } from "./said";
import { wrongFields } from "./loginFields";

/** Where the fields stand in the body of `POST /v1/connections`. */
const AT = "/fields/";

export interface ConnectorFormState {
  login: Login;
  values: Record<string, string>;
  errorAt: (id: string) => string | undefined;
  change: (id: string, value: string) => void;
  leave: (id: string) => void;
  /** For `onSubmit`: calls on with the fields when nothing is wrong, and else goes to the first mistake. */
  submit: (then: (fields: Record<string, string>) => void) => (event: FormEvent) => void;
  /** For `onError`: puts the errors of a refusal to their fields. */
  refuse: (error: unknown) => void;
  /** The element around the fields. */
  root: React.RefObject<HTMLDivElement | null>;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

export function useConnectorForm(login: Login): ConnectorFormState {
  // By the field's id: two logins that ask for the same thing share it.
  const [values, setValues] = useState<Record<string, string>>({});
  const [been, setBeen] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<ReadonlyMap<string, string>>(NOTHING);
  const root = useRef<HTMLDivElement>(null);
  const wrong = wrongFields(login.fields, values);
  const goTo = (ids: string[]) => {
    const first = login.fields.find((field) => ids.includes(field.id));
    requestAnimationFrame(() => first && root.current?.querySelector<HTMLElement>(`[name="${CSS.escape(first.id)}"]`)?.focus());
  };
  return {
    login, values, root,
    errorAt: (id) => refused.get(id) ?? (been.has(id) ? wrong.get(id) : undefined),
    change: (id, value) => {
      setValues((was) => ({ ...was, [id]: value }));
      setRefused((was) => new Map([...was].filter(([of]) => of !== id)));
    },
    leave: (id) => setBeen((was) => new Set([...was, id])),
    submit: (then) => (event) => {
      event.preventDefault();
      setBeen(new Set(login.fields.map((field) => field.id)));
      if (wrong.size > 0) return goTo([...wrong.keys()]);
      then(Object.fromEntries(login.fields.flatMap((field): [string, string][] => {
        const value = values[field.id] ?? "";
        return value === "" ? [] : [[field.id, value]];
      })));
    },
    refuse: (error) => {
      const mine = problem(error).errors.flatMap(({ pointer, detail }): [string, string][] =>
        pointer.startsWith(AT) ? [[pointer.slice(AT.length).replaceAll("~1", "/").replaceAll("~0", "~"), detail]] : [])
        .map(([id, detail]): [string, string] => [id, said(login.fields.find((field) => field.id === id)?.label ?? "This", detail)]);
      setRefused(new Map(mine));
      goTo(mine.map(([id]) => id));
    },
  };
}
