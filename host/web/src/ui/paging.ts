/**
 * Where in a long list a page stands. The host knows only what comes after a place (`next` of the page before), so the
 * address holds that place and the page's number, and the browser's history the places before: the address stays short,
 * a reload stays on its page, and an address that was sent to somebody opens the same page.
 */
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Paging } from "./DataTable";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The places of the pages before, by the list's name. */
    places?: Record<string, string[]>;
  }
}

/** Places that are remembered: more pages than anybody goes back one by one. */
const REMEMBERED = 200;

export interface Place {
  /** What to ask for: `after`; nothing on the first page. */
  after: string | undefined;
  /** Beginning with 1. */
  page: number;
  /** The places of the pages before this one, newest last; the first page has none. */
  before: string[];
}

/** The place that an address names. */
export function placeOf(search: Record<string, string | undefined>, list: string, before: unknown): Place {
  const after = search[named(list, "after")];
  if (after === undefined) return { after: undefined, page: 1, before: [] };
  const page = Number(search[named(list, "page")]);
  const kept = Array.isArray(before) ? before.filter((place) => typeof place === "string") : [];
  return { after, page: Number.isSafeInteger(page) && page > 1 ? page : 2, before: kept };
}

/** The place behind one. */
export function placeAfter(place: Place, next: string): Place {
  const before = place.after === undefined ? [] : [...place.before, place.after];
  return { after: next, page: place.page + 1, before: before.slice(-REMEMBERED) };
}

/** The place before one; the first page where nobody remembers. */
export function placeBefore(place: Place): Place {
  const after = place.before.at(-1);
  if (after === undefined) return { after: undefined, page: 1, before: [] };
  return { after, page: place.page - 1, before: place.before.slice(0, -1) };
}

/** How an address says it; `undefined` takes it out. */
export function wordsOf(place: Place, list: string): Record<string, string | undefined> {
  return { [named(list, "after")]: place.after, [named(list, "page")]: place.after === undefined ? undefined : String(place.page) };
}

function named(list: string, word: string): string {
  return list === "" ? word : `${list}_${word}`;
}

/** The page of a list that the address names, and the ways to its neighbours. A page with two lists names the second. */
export function usePaging(list = "") {
  const search = useLocation({ select: (location) => location.search });
  const kept = useLocation({ select: (location) => location.state.places?.[list] });
  const navigate = useNavigate();
  const place = useMemo(() => placeOf(search, list, kept), [search, list, kept]);
  const go = useCallback((to: Place) => {
    void navigate({
      to: ".",
      search: (was) => ({ ...was, ...wordsOf(to, list) }),
      state: (was) => ({ ...was, places: { ...was.places, [list]: to.before } }),
      resetScroll: false,
    });
  }, [navigate, list]);
  /** What the foot of the table needs, of the page that is shown. */
  const paging = (size: number, next: string | null | undefined, total?: number): Paging => ({
    from: (place.page - 1) * size,
    total,
    previous: place.page > 1 ? () => go(placeBefore(place)) : undefined,
    next: next ? () => go(placeAfter(place, next)) : undefined,
  });
  return { after: place.after, page: place.page, paging };
}
