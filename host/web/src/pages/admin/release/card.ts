/** The lines of a permission card, in the order in which people ask, with what a change means. */
import type { PermissionChange, PermissionGroup, PermissionLine } from "@patchbay/client";

export const GROUPS: readonly (readonly [PermissionGroup, string])[] = [
  ["reads", "Reads"], ["writes", "Writes"], ["reaches", "Reaches"], ["logs_in", "Logs in"], ["uses", "Uses"], ["is", "Says that it is"],
];

export const CHANGES: Record<PermissionChange, { mark: string; word: string }> = {
  added: { mark: "+", word: "New" }, changed: { mark: "±", word: "Changed" }, removed: { mark: "−", word: "Gone" }, same: { mark: "", word: "As before" },
};

/** The groups that have lines, each with them; `only` leaves out what is as before. */
export function grouped(card: PermissionLine[], only: boolean): { group: PermissionGroup; title: string; lines: PermissionLine[] }[] {
  return GROUPS
    .map(([group, title]) => ({ group, title, lines: card.filter((line) => line.group === group && !(only && line.change === "same")) }))
    .filter(({ lines }) => lines.length > 0);
}

/** Whether anything was approved before: without it there is nothing to compare with. */
export function comparable(card: PermissionLine[]): boolean {
  return card.some((line) => line.before !== null);
}
