/** What somebody enters to log in, checked in words before it is sent; the host checks the same again (`credentials/fields`). */
import type { Field } from "@patchbay/client";
import { matchesWhole } from "./pattern";

/** What is wrong with a value of a field; nothing where the host has to say. */
export function wrongIn(field: Field, typed: string): string | undefined {
  // A secret is taken exactly as it is; everything else is trimmed, since people paste.
  const value = field.type === "secret" ? typed : typed.trim();
  if (value === "") return field.optional ? undefined : field.type === "select" ? "Choose one." : "Fill this in.";
  if (field.type === "secret" && value !== value.trim()) return "There is a space before or after it, as happens when copying. Remove it.";
  switch (field.type) {
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(value) ? undefined : "Write a day as year-month-day, such as 2026-11-21.";
    case "subdomain":
      return wrongSubdomain(value, field.suffix);
    case "origin":
      return wrongOrigin(value);
    default:
      if (field.pattern === null || matchesWhole(field.pattern, value) !== false) return undefined;
      return field.help ? `This does not look right. ${field.help}` : "This does not look right. Check that all of it was copied.";
  }
}

/** Every field that is wrong, by its id. */
export function wrongFields(fields: Field[], values: Record<string, string>): Map<string, string> {
  return new Map(fields.flatMap((field): [string, string][] => {
    const wrong = wrongIn(field, values[field.id] ?? "");
    return wrong === undefined ? [] : [[field.id, wrong]];
  }));
}

/** A bare word, or the address that it stands in. */
function wrongSubdomain(value: string, suffix: string | null): string | undefined {
  const end = suffix === null ? "" : `.${suffix.replace(/^\./, "")}`.toLowerCase();
  const lower = value.toLowerCase().replace(/^https?:\/\//, "").replace(/\/$/, "");
  const label = end !== "" && lower.endsWith(end) ? lower.slice(0, -end.length) : lower;
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label)) return undefined;
  return end === "" ? "Write one word: letters, digits and hyphens." : `Write only the first part: acme of https://acme${end}.`;
}

function wrongOrigin(value: string): string | undefined {
  if (/^http:\/\//i.test(value)) return "Only https:// is taken, because a password goes there. Write it as in https://books.example.com.";
  const address = /^https:\/\//i.test(value) ? value : `https://${value}`;
  if (!URL.canParse(address) || !new URL(address).hostname.includes(".")) return "This is no address of a web site. Write it as in https://books.example.com.";
  return undefined;
}
