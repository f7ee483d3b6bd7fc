/** Where an item goes: choices in their order, each of which narrows the next, and what has to be typed. */
import { SchemaForm } from "~/forms/SchemaForm";
import { Picker } from "./Picker";
import type { TargetState } from "./useTarget";

export function TargetFields({ connection, target }: { connection: string; target: TargetState }) {
  const { plan, choices, choose, errors, form } = target;
  return (
    <>
      {plan.choosers.map(({ picker, member, required }) => (
        <Picker
          key={picker.name} connection={connection} picker={picker} chosen={choices[picker.name] ?? null} onChoose={(pick) => choose(picker.name, pick)}
          parents={Object.fromEntries(picker.parents.map((parent) => [parent, choices[parent]?.id]))}
          missing={plan.choosers.find((other) => picker.parents.includes(other.picker.name) && !choices[other.picker.name])?.picker.title}
          error={errors[picker.name]} optional={!required} name={member === undefined ? picker.name : `/target/${member}`}
          help={member === undefined ? "Only narrows the choice below." : undefined}
        />
      ))}
      {plan.typed && <SchemaForm form={form} />}
    </>
  );
}
