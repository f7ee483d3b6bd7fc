/** The industries that Recommended knows, in words. */
import type { Choice } from "~/ui/Field";

export const INDUSTRIES: Choice[] = [
  { value: "accounting", label: "Accounting" }, { value: "insurance", label: "Insurance" }, { value: "marketing", label: "Marketing" }, { value: "retail", label: "Retail" },
  { value: "software", label: "Software" }, { value: "services", label: "Services" }, { value: "other", label: "Other" },
];

/** The word of an industry. */
export function industryWord(industry: string | null): string {
  return INDUSTRIES.find(({ value }) => value === industry)?.label ?? industry ?? "Not said";
}
