/** Which files an action takes, in words. */

/** Why a file cannot go with an item; nothing when it can. The host looks again. */
export function misfit(file: { type: string; name: string; size: number }, types: string[]): string | undefined {
  if (file.size === 0) return "It is empty.";
  if (types.length === 0 || types.some((type) => fits(file.type, type))) return undefined;
  return `This kind of item takes ${kindsOf(types)} only.`;
}

function fits(type: string, pattern: string): boolean {
  return pattern === "*/*" || pattern === type || (pattern.endsWith("/*") && type.startsWith(pattern.slice(0, -1)));
}

const KINDS: Record<string, string> = {
  "application/pdf": "PDF", "image/*": "images", "text/plain": "plain text", "text/csv": "CSV", "image/png": "PNG", "image/jpeg": "JPEG",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
};

/** `PDF and images` */
export function kindsOf(types: string[]): string {
  const words = types.map((type) => KINDS[type] ?? type);
  return words.length < 2 ? (words[0] ?? "any file") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
