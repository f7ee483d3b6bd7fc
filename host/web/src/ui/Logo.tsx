/** A provider's logo. Its SVG is a stranger's: it is shown as an image, in which no script runs and nothing is fetched. */
import { useState } from "react";
import css from "./Logo.module.css";

/** Characters of a logo that is shown. */
const LONGEST = 256 * 1024;

/** `size` in pixels; `name` gives the letter where there is no logo. Names stand beside logos, so the picture itself says nothing. */
export function Logo({ logo, name, size = 40, muted = false }: { logo: string | null | undefined; name: string; size?: number; muted?: boolean }) {
  const [broken, setBroken] = useState<string>();
  const shown = logo && logo.length <= LONGEST && logo !== broken ? logo : undefined;
  const box = { width: size, height: size, borderRadius: size / 5 };
  if (shown === undefined) {
    return <span className={css.letter} style={{ ...box, fontSize: size / 2.2 }} aria-hidden="true">{[...name.trim()][0]?.toUpperCase() ?? "?"}</span>;
  }
  return <img className={css.logo} data-muted={muted || undefined} style={box} src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(shown)}`} alt="" width={size} height={size} onError={() => setBroken(shown)} />;
}
