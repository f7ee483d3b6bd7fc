/**
 * Which row of a table stands in which place of the document. A row that stays keeps its place, wherever it moves: what has the
 * focus in it keeps it. When none stays (another page, another order), the new ones take the places of the old: the browser
 * writes other words into the cells that are there, instead of making a thousand elements again.
 */
import { useState } from "react";

interface Slots {
  ids: readonly string[];
  /** Of each id. */
  places: ReadonlyMap<string, number>;
  /** The first place that nobody had yet. */
  fresh: number;
}

export const NO_SLOTS: Slots = { ids: [], places: new Map(), fresh: 0 };

/** The places of these rows after those before. */
export function slotsAfter(before: Slots, ids: readonly string[]): Slots {
  const stays = ids.some((id) => before.places.has(id));
  const free = stays ? [] : [...before.places.values()];
  let fresh = before.fresh;
  const places = new Map<string, number>();
  for (const id of ids) places.set(id, before.places.get(id) ?? free.shift() ?? fresh++);
  return { ids, places, fresh };
}

/** The place of each row, as its key. */
export function useSlots(ids: readonly string[]): (id: string) => number {
  const [slots, set] = useState(NO_SLOTS);
  const same = ids.length === slots.ids.length && ids.every((id, at) => slots.ids[at] === id);
  const now = same ? slots : slotsAfter(slots, ids);
  // React draws again at once, before anything below is drawn.
  if (!same) set(now);
  return (id) => now.places.get(id) ?? 0;
}
