/**
 * A form of a JSON Schema: what was typed, what is wrong in it, and the JSON that it means.
 *
 * ```tsx
 * const form = useSchemaForm({ schema: action.schema, at: "/payload" });
 * const send = useMutation({ mutationFn: …, onError: form.refuse });
 * <form noValidate onSubmit={form.submit((payload) => send.mutate(payload))}>
 *   <SchemaForm form={form} />
 * ```
 */
import { useCallback, useMemo, useRef, useState, type FormEvent } from "react";
import { problem } from "~/api/client";
import { checked } from "./check";
import { begun, meant, pruned, within, type Draft } from "./draft";
import { formOf, type Group, type JsonObject } from "./shape";

export interface SchemaFormOptions {
  /** The JSON Schema, as the API gives it. */
  schema: unknown;
  /** What the form begins with. */
  initial?: JsonObject | undefined;
  /** Where its value stands in the body of the request, so that the host's errors find their fields: `/payload`. */
  at?: string;
  /** Members that somebody else asks for, as a picker does; they are left out here. */
  omit?: readonly string[];
}

export interface SchemaFormState {
  shape: Group;
  draft: Draft;
  /** What to show below the field at a pointer: only where somebody has been, or once the form was sent. */
  errorAt: (pointer: string) => string | undefined;
  /** The host's errors that belong to no field that is shown. */
  others: string[];
  change: (pointer: string, draft: Draft) => void;
  /** Somebody left a field: from now on its mistakes are said. */
  leave: (pointer: string) => void;
  /** The value as it stands; mistakes in it are as they were typed. */
  value: JsonObject;
  /** Whether anything was changed since the form was opened. */
  changed: boolean;
  /** For `onSubmit`: calls on with the value when nothing is wrong, and else goes to the first mistake. */
  submit: (then: (value: JsonObject) => void) => (event?: FormEvent) => void;
  /** The value when nothing is wrong, for a form of several parts; shows all mistakes. */
  read: () => JsonObject | undefined;
  /** For `onError`: puts the errors of a refusal to their fields. */
  refuse: (error: unknown) => void;
  /** Begins again, from what was saved. */
  reset: (initial?: JsonObject) => void;
  /** The element around the fields. */
  root: React.RefObject<HTMLDivElement | null>;
  /** Where the value stands in the request. */
  at: string;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

export function useSchemaForm({ schema, initial, at = "", omit }: SchemaFormOptions): SchemaFormState {
  const left = omit?.join("\n") ?? "";
  const shape = useMemo(() => {
    const whole = formOf(schema);
    const without = left === "" ? [] : left.split("\n");
    return { ...whole, fields: whole.fields.filter(([name]) => !without.includes(name)) };
  }, [schema, left]);
  const [begin, setBegin] = useState<Draft>(() => begun(shape, initial));
  const [draft, setDraft] = useState<Draft>(begin);
  const [been, setBeen] = useState<ReadonlySet<string> | "everywhere">(new Set());
  const [refused, setRefused] = useState<ReadonlyMap<string, string>>(NOTHING);
  const [kept, setKept] = useState<JsonObject>(() => unknownOf(shape, initial));
  const root = useRef<HTMLDivElement>(null);

  const wrong = useMemo(() => checked(shape, draft), [shape, draft]);
  const value = useMemo(() => ({ ...kept, ...(meant(shape, draft) as JsonObject) }), [kept, shape, draft]);

  const change = useCallback((pointer: string, to: Draft) => {
    setDraft((was) => put(was, pointer.split("/").slice(1), to));
    // What the host said was about what stood there.
    setRefused((was) => new Map([...was].filter(([of]) => of !== pointer && !of.startsWith(`${pointer}/`) && !pointer.startsWith(`${of}/`))));
  }, []);
  const leave = useCallback((pointer: string) => setBeen((was) => (was === "everywhere" || was.has(pointer) ? was : new Set([...was, pointer]))), []);

  const read = () => {
    setBeen("everywhere");
    if (wrong.size > 0) {
      goTo(root.current, [...wrong.keys()]);
      return undefined;
    }
    setDraft(pruned(shape, draft));
    return value;
  };

  return {
    shape, draft, value, change, leave, read, root, at,
    changed: JSON.stringify(draft) !== JSON.stringify(begin),
    errorAt: (pointer) => refused.get(pointer) ?? (been === "everywhere" || been.has(pointer) ? wrong.get(pointer) : undefined),
    others: [...refused].flatMap(([pointer, detail]) => (shown(shape, draft, pointer) ? [] : [detail])),
    submit: (then) => (event) => {
      event?.preventDefault();
      const whole = read();
      if (whole !== undefined) then(whole);
    },
    refuse: (error) => {
      const mine = problem(error).errors.flatMap(({ pointer, detail }): [string, string][] =>
        pointer === at || pointer.startsWith(`${at}/`) ? [[pointer.slice(at.length), detail]] : []);
      setRefused(new Map(mine));
      goTo(root.current, mine.map(([pointer]) => pointer));
    },
    reset: (from) => {
      const again = begun(shape, from);
      setBegin(again);
      setDraft(again);
      setBeen(new Set());
      setRefused(NOTHING);
      setKept(unknownOf(shape, from));
    },
  };
}

/** Members that the schema does not name but allows: a form that did not ask for them does not throw them away. */
function unknownOf(shape: Group, initial: JsonObject | undefined): JsonObject {
  if (!shape.open || initial === undefined) return {};
  return Object.fromEntries(Object.entries(initial).filter(([name]) => !shape.fields.some(([known]) => known === name)));
}

const unescaped = (step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~");

function put(draft: Draft, [step, ...rest]: string[], to: Draft): Draft {
  if (step === undefined) return to;
  if (Array.isArray(draft)) return draft.map((one, place) => (place === Number(step) ? put(one, rest, to) : one));
  const name = unescaped(step);
  return { ...(typeof draft === "object" ? draft : {}), [name]: put(within(draft, name), rest, to) };
}

/** Whether a pointer is that of something which is drawn, and so can show its own error. */
function shown(shape: Group, draft: Draft, pointer: string): boolean {
  let at = shape as SchemaFormState["shape"] | Group["fields"][number][1];
  let here = draft;
  for (const step of pointer.split("/").slice(1)) {
    const name = unescaped(step);
    if (at.kind === "group") {
      const field = at.fields.find(([of]) => of === name)?.[1];
      if (field === undefined || field.kind === "fixed") return false;
      at = field;
      here = within(here, name);
    } else if (at.kind === "list") {
      const rows = Array.isArray(here) ? here : [];
      if (!(Number(step) < rows.length)) return false;
      here = rows[Number(step)];
      at = at.item;
    } else {
      // A pair of a map, or what lies inside a field of one piece.
      return at.kind === "map" && Array.isArray(here) && here.some((pair) => within(pair, "name") === name);
    }
  }
  return pointer !== "";
}

/** Brings the first of these fields into sight, once the mistakes are drawn. */
function goTo(root: HTMLElement | null, pointers: string[]): void {
  requestAnimationFrame(() => {
    const fields = [...(root?.querySelectorAll<HTMLElement>("[name], [data-pointer]") ?? [])];
    const first = fields.find((field) => pointers.includes(field.getAttribute("name") ?? field.dataset["pointer"] ?? ""));
    first?.focus();
  });
}
