/** What a brand may be, checked before it is sent; the host checks again. */

/** The host's limit of a logo. */
export const LARGEST_LOGO = 64 * 1_024;

/** What is wrong with a file as a logo, in words; nothing where it may be one. */
export function wrongLogo(file: { type: string; size: number }): string | undefined {
  if (file.type !== "image/svg+xml" && file.type !== "image/png") return "A logo is an SVG or PNG file.";
  if (file.size > LARGEST_LOGO) return "This file is larger than 64 KiB. Choose a smaller one.";
  return undefined;
}

/** `#rrggbb`, however it was typed; nothing where it is no colour. */
export function colourOf(text: string): string | undefined {
  const digits = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text.trim())?.[1]?.toLowerCase();
  if (digits === undefined) return undefined;
  return `#${digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits}`;
}
