/** What the host says about what was entered, for the fields that it came from. */
import { problem } from "~/api/client";

/** As a sentence: it may begin behind the field's name ("is missing"). */
export function said(label: string, detail: string): string {
  const sentence = /^[a-z]/.test(detail) ? `${label} ${detail}` : detail;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** What a refusal says of one member of the body, by its pointer; nothing where it says nothing of it. */
export function saidOf(error: unknown, pointer: string, label: string): string | undefined {
  if (error === null || error === undefined) return undefined;
  const found = problem(error).errors.find((field) => field.pointer === pointer);
  return found && said(label, found.detail);
}

/** Whether a refusal says more than stands at the fields of these pointers. */
export function saysMore(error: unknown, pointers: string[]): boolean {
  if (error === null || error === undefined) return false;
  const { errors } = problem(error);
  return errors.length === 0 || errors.some(({ pointer }) => !pointers.includes(pointer));
}
