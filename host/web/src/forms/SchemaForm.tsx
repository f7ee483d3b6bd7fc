/** The fields of a JSON Schema: one for each member, by its kind. The form around it and its button are the page's. */
import { Plus, X } from "lucide-react";
import { useRef } from "react";
import { Button, IconButton } from "~/ui/Button";
import { Checks, SelectField, Switch, TextField } from "~/ui/Field";
import { under } from "./check";
import { begun, drafts, typed, within, type Draft } from "./draft";
import { said } from "./said";
import type { Group, Shape, TextKind } from "./shape";
import type { SchemaFormState } from "./useSchemaForm";
import css from "./SchemaForm.module.css";

export function SchemaForm({ form }: { form: SchemaFormState }) {
  return (
    <div ref={form.root} className={css.fields}>
      {form.others.length > 0 && <div role="alert" className={css.others}>{form.others.map((other) => <p key={other}>{said("This", other)}</p>)}</div>}
      <Members form={form} group={form.shape} draft={form.draft} pointer="" />
    </div>
  );
}

interface FieldProps<Of extends Shape = Shape> {
  form: SchemaFormState;
  shape: Of;
  draft: Draft;
  pointer: string;
  /** Instead of its own title, as in a list. */
  label?: string;
  hideLabel?: boolean;
}

function Members({ form, group, draft, pointer }: { form: SchemaFormState; group: Group; draft: Draft; pointer: string }) {
  return group.fields.map(([name, shape]) => <Field key={name} form={form} shape={shape} draft={within(draft, name)} pointer={under(pointer, name)} />);
}

function Field({ form, shape, draft, pointer, label = shape.title, hideLabel = false }: FieldProps) {
  const help = shape.help ?? (shape.kind === "json" ? "As JSON, such as \"text\", 12 or {\"name\": \"value\"}." : undefined);
  const about = { label, help, hideLabel, name: pointer, error: sentenceAt(form, pointer, label), optional: !shape.required };
  switch (shape.kind) {
    case "fixed":
      return null;
    case "switch":
      return <div><Switch label={label} help={shape.help} checked={draft === true} onChange={(is) => form.change(pointer, is)} />{about.error && <p className={css.error}>{about.error}</p>}</div>;
    case "choice":
      return <SelectField {...about} value={typed(draft)} none={shape.required && !shape.nullable ? "Choose" : "None"} choices={shape.options.map((option, place) => ({ value: String(place), label: option.label }))} onChange={(place) => form.change(pointer, place)} onBlur={() => form.leave(pointer)} />;
    case "choices":
      return <Checks {...about} chosen={drafts(draft).map(typed)} choices={shape.options.map((option, place) => ({ value: String(place), label: option.label }))} onChange={(places) => form.change(pointer, places)} />;
    case "group":
      return (
        <Part form={form} shape={shape} draft={draft} pointer={pointer} label={label}>
          <Members form={form} group={shape} draft={draft} pointer={pointer} />
        </Part>
      );
    case "list":
      return <Rows form={form} shape={shape} draft={draft} pointer={pointer} label={label} />;
    case "map":
      return <Pairs form={form} shape={shape} draft={draft} pointer={pointer} label={label} />;
    default:
      return <TextField {...about} {...inputOf(shape.kind)} maxLength={undefined} value={typed(draft)} onChange={(text) => form.change(pointer, text)} onBlur={() => form.leave(pointer)} />;
  }
}

function sentenceAt(form: SchemaFormState, pointer: string, label: string): string | undefined {
  const error = form.errorAt(pointer);
  return error === undefined ? undefined : said(label, error);
}

/** How a kind of text is typed. */
function inputOf(kind: TextKind): { type?: "text" | "secret" | "email" | "url" | "date" | "datetime-local"; lines?: number; inputMode?: "decimal" | "numeric" } {
  switch (kind) {
    case "lines":
      return { lines: 4 };
    case "json":
      return { lines: 6 };
    case "number":
      return { inputMode: "decimal" };
    case "integer":
      return { inputMode: "numeric" };
    case "moment":
      return { type: "datetime-local" };
    case "text":
      return {};
    default:
      return { type: kind };
  }
}

/** Several fields that belong together, under one heading. */
function Part({ form, shape, pointer, label = shape.title, children }: FieldProps & { children: React.ReactNode }) {
  const error = sentenceAt(form, pointer, label);
  return (
    <fieldset className={css.part}>
      <legend className={css.legend}>{label}{!shape.required && <span className={css.optional}>optional</span>}</legend>
      {shape.help && <p className={css.help}>{shape.help}</p>}
      {children}
      {error && <p className={css.error} data-pointer={pointer} tabIndex={-1}>{error}</p>}
    </fieldset>
  );
}

/** Where the keyboard goes on after a row was added or removed: into the new row, or to the button that adds. */
function useRowFocus() {
  const list = useRef<HTMLDivElement>(null);
  const goTo = (place: "last" | "add") => requestAnimationFrame(() => {
    const rows = list.current?.children ?? [];
    const to = place === "add" ? rows[rows.length - 1] : rows[rows.length - 2]?.querySelector("input, textarea, select, button");
    if (to instanceof HTMLElement) to.focus();
  });
  return { list, goTo };
}

function Rows({ form, shape, draft, pointer, label = shape.title }: FieldProps<Extract<Shape, { kind: "list" | "map" }>>) {
  const rows = drafts(draft);
  const { item } = shape;
  const full = rows.length >= (shape.rules.maxItems ?? Infinity);
  const plain = item.kind !== "group" && item.kind !== "list" && item.kind !== "map";
  const set = (to: Draft[]) => form.change(pointer, to);
  const { list, goTo } = useRowFocus();
  return (
    <Part form={form} shape={shape} draft={draft} pointer={pointer} label={label}>
      <div ref={list} className={css.rows}>
        {rows.map((row, place) => (
          // Rows have no name of their own; a row that goes takes its place with it.
          <div key={place} className={plain ? css.row : css.card}>
            {plain
              ? <Field form={form} shape={{ ...item, required: true }} draft={row} pointer={under(pointer, place)} label={`${label} ${place + 1}`} hideLabel />
              : <Field form={form} shape={{ ...item, required: true }} draft={row} pointer={under(pointer, place)} label={`${item.title === shape.title ? "Entry" : item.title} ${place + 1}`} />}
            <IconButton name={`Remove ${label} ${place + 1}`} className={css.remove} onClick={() => { set(rows.filter((_, other) => other !== place)); goTo("add"); }}><X /></IconButton>
          </div>
        ))}
        <Button look="quiet" className={css.add} icon={<Plus aria-hidden="true" />} aria-label={`Add to ${label}`} disabled={full} onClick={() => { set([...rows, begun(item, undefined)]); goTo("last"); }}>Add</Button>
      </div>
    </Part>
  );
}

/** Names and values of an object whose names nobody knows beforehand. */
function Pairs({ form, shape, draft, pointer, label = shape.title }: FieldProps<Extract<Shape, { kind: "list" | "map" }>>) {
  const pairs = drafts(draft);
  const set = (to: Draft[]) => form.change(pointer, to);
  const put = (place: number, member: "name" | "value", to: Draft) =>
    set(pairs.map((pair, other) => (other === place ? { name: within(pair, "name"), value: within(pair, "value"), [member]: to } : pair)));
  const { list, goTo } = useRowFocus();
  return (
    <Part form={form} shape={shape} draft={draft} pointer={pointer} label={label}>
      <div ref={list} className={css.rows}>
        {pairs.map((pair, place) => {
          const name = typed(within(pair, "name"));
          const at = under(pointer, name.trim() === "" ? place : name.trim());
          const value = within(pair, "value");
          return (
            <div key={place} className={css.pair}>
              <TextField label={`Name ${place + 1}`} name={at} value={name} error={sentenceAt(form, at, "It")} onChange={(text) => put(place, "name", text)} onBlur={() => form.leave(at)} />
              {shape.item.kind === "switch"
                ? <Switch label={`Value ${place + 1}`} checked={value === true} onChange={(is) => put(place, "value", is)} />
                : shape.item.kind === "choice"
                  ? <SelectField label={`Value ${place + 1}`} value={typed(value)} choices={shape.item.options.map((option, of) => ({ value: String(of), label: option.label }))} onChange={(text) => put(place, "value", text)} />
                  : <TextField label={`Value ${place + 1}`} value={typed(value)} onChange={(text) => put(place, "value", text)} />}
              <IconButton name={`Remove pair ${place + 1} of ${label}`} className={css.remove} onClick={() => { set(pairs.filter((_, other) => other !== place)); goTo("add"); }}><X /></IconButton>
            </div>
          );
        })}
        <Button look="quiet" className={css.add} icon={<Plus aria-hidden="true" />} aria-label={`Add to ${label}`} onClick={() => { set([...pairs, { name: "", value: begun(shape.item, undefined) }]); goTo("last"); }}>Add</Button>
      </div>
    </Part>
  );
}
