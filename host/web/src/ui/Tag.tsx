/** A word beside a name, as "Unsigned" or "Canary". A state is a `Status`, never this. */
import type { ReactNode } from "react";
import css from "./Tag.module.css";

export function Tag({ children, tone = "none", icon }: { children: ReactNode; tone?: "none" | "good" | "warn" | "bad" | "accent"; icon?: ReactNode }) {
  return <span className={css.tag} data-tone={tone}>{icon}{children}</span>;
}
