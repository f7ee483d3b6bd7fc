/** Which cards are shown: what the chips and the search choose, with how many each would show. */
import type { Card, Category } from "@patchbay/client";

export const CATEGORIES: [Category, string][] = [
  ["accounting", "Accounting"],
  ["communication", "Communication"],
  ["marketing", "Marketing"],
  ["productivity", "Productivity"],
  ["sales_crm", "Sales & CRM"],
];

export function categoryWord(category: Category): string {
  return CATEGORIES.find(([name]) => name === category)?.[1] ?? category;
}

/** What an address says to show; anything else shows all. */
export const CHIPS = ["all", "connected", "coming_soon", "recommended", "accounting", "communication", "marketing", "productivity", "sales_crm"] as const;
export type Chip = (typeof CHIPS)[number];

const WORDS: Partial<Record<Chip, string>> = { all: "All", connected: "Connected", coming_soon: "Coming soon", recommended: "Recommended" };

export function chipWord(chip: Chip): string {
  return WORDS[chip] ?? categoryWord(chip as Category);
}

/** Whether somebody connected it, however it stands now. */
export function isConnected(card: Card): boolean {
  return card.status !== "connect" && card.status !== "coming_soon";
}

function takes(chip: Chip, card: Card): boolean {
  switch (chip) {
    case "all":
      return true;
    case "connected":
      return isConnected(card);
    case "coming_soon":
      return card.status === "coming_soon";
    case "recommended":
      return card.recommended;
    default:
      return card.category === chip;
  }
}

/** Every word of the search stands in the name, the summary or the category. */
function matches(card: Card, words: string[]): boolean {
  const text = `${card.name} ${card.summary} ${categoryWord(card.category)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export interface Chosen {
  cards: Card[];
  /** Each chip with how many cards it would show under this search; a category that has none at all is left out. */
  chips: { chip: Chip; count: number }[];
}

/** Recommended ones stand first under All; else the host's order, by name. */
export function chosen(cards: Card[] | undefined, chip: Chip, search: string): Chosen {
  // Until they are there, every chip keeps its place.
  if (cards === undefined) return { cards: [], chips: CHIPS.map((each) => ({ chip: each, count: 0 })) };
  const found = cards.filter((card) => matches(card, search.toLowerCase().split(/\s+/).filter(Boolean)));
  const shown = found.filter((card) => takes(chip, card));
  return {
    cards: chip === "all" ? [...shown.filter((card) => card.recommended), ...shown.filter((card) => !card.recommended)] : shown,
    chips: CHIPS.filter((each) => each in WORDS || each === chip || cards.some((card) => takes(each, card)))
      .map((each) => ({ chip: each, count: found.filter((card) => takes(each, card)).length })),
  };
}
