/** Light or dark: the system's, unless the person chose. */
const KEPT = "patchbay-theme";

export type Theme = "light" | "dark";

/** The theme that is shown. */
export function theme(): Theme {
  const chosen = localStorage.getItem(KEPT);
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Shows the theme that was chosen before; called before the first paint. */
export function applyTheme(): void {
  const chosen = localStorage.getItem(KEPT);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEPT, chosen);
  applyTheme();
}
