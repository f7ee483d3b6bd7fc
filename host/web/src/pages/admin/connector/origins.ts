/** Addresses of customers' own, as they are typed: one a line. */
import type { CustomerOrigins } from "@patchbay/client";

export type Reach = "none" | "listed" | "any_public";

export function reachOf(origins: CustomerOrigins): Reach {
  return typeof origins === "string" ? origins : "listed";
}

export function linesOf(origins: CustomerOrigins): string {
  return typeof origins === "string" ? "" : origins.listed.join("\n");
}

/** What was typed as origins: scheme, host and port in lower case; or the first line that is none. */
export function originsOf(text: string): { listed: string[]; wrong?: string } {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const listed: string[] = [];
  for (const line of lines) {
    const url = URL.canParse(line) ? new URL(line) : undefined;
    if (url === undefined || url.protocol !== "https:" || url.username !== "" || !["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") return { listed, wrong: line };
    listed.push(url.origin);
  }
  return { listed: [...new Set(listed)] };
}

/** Whether more may be reached after than before. */
export function widens(before: CustomerOrigins, after: CustomerOrigins): boolean {
  if (before === "any_public" || after === "none") return false;
  if (after === "any_public") return true;
  const known = typeof before === "string" ? [] : before.listed;
  return after.listed.some((origin) => !known.includes(origin));
}
