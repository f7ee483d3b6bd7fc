/** The target of an item while somebody makes it: choices of pickers, and what is typed besides. */
import type { Action, Picker, Push } from "@patchbay/client";
import { useMemo, useState } from "react";
import { problem } from "~/api/client";
import { useSchemaForm } from "~/forms/useSchemaForm";
import type { JsonObject } from "~/forms/shape";
import type { Pick as Chosen } from "~/ui/Typeahead";
import { below, targetPlan } from "./target";

export type TargetState = ReturnType<typeof useTarget>;

export function useTarget(action: Pick<Action, "picker" | "target">, pickers: Picker[], begin: Push["target"]) {
  const plan = useMemo(() => targetPlan(action, pickers), [action, pickers]);
  const [choices, setChoices] = useState<Record<string, Chosen | null>>(() => begun(plan.choosers, begin));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const form = useSchemaForm({ schema: action.target ?? {}, at: "/target", omit: plan.chosen, initial: begin === null ? undefined : (begin as JsonObject) });

  const choose = (picker: string, pick: Chosen | null) => {
    const gone = below(picker, plan.choosers);
    setChoices((was) => ({ ...was, ...Object.fromEntries(gone.map((name) => [name, null])), [picker]: pick }));
    setErrors({});
  };

  /** What is chosen, as it is sent: `null` when nothing was chosen at all; `undefined` where something is missing or wrong. */
  const read = (): JsonObject | null | undefined => {
    if (action.target === null) return null;
    const picked = plan.choosers.flatMap(({ picker, member }): [string, string][] => {
      const pick = choices[picker.name];
      return member !== undefined && pick ? [[member, pick.id]] : [];
    });
    if (picked.length === 0 && Object.keys(form.value).length === 0) return null;
    const missing = plan.choosers.filter(({ picker, required, member }) => required && member !== undefined && !choices[picker.name]);
    setErrors(Object.fromEntries(missing.map(({ picker }) => [picker.name, "Choose one."])));
    const typed = form.read();
    if (missing.length > 0 || typed === undefined) return undefined;
    return { ...typed, ...Object.fromEntries(picked) };
  };

  /** Puts the errors of a refusal to their choices and fields. */
  const refuse = (error: unknown) => {
    form.refuse(error);
    const said = new Map(problem(error).errors.map(({ pointer, detail }) => [pointer, detail]));
    setErrors(Object.fromEntries(plan.choosers.flatMap(({ picker, member }) => {
      const detail = member === undefined ? undefined : said.get(`/target/${member}`) ?? (member === "id" ? said.get("/target") : undefined);
      return detail === undefined ? [] : [[picker.name, detail]];
    })));
  };
  return { plan, choices, choose, errors, form, read, refuse };
}

/** What an earlier item had: its ids, since nobody remembers what they were called. */
function begun(choosers: ReturnType<typeof targetPlan>["choosers"], begin: Push["target"]): Record<string, Chosen | null> {
  return Object.fromEntries(choosers.flatMap(({ picker, member }) => {
    const id = member === undefined || begin === null ? undefined : begin[member];
    return typeof id === "string" ? [[picker.name, { id, label: id }]] : [];
  }));
}
