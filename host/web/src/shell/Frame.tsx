/** What stands around every page of a shell: the brand, the ways through it, who is signed in. */
import { Link, useRouterState } from "@tanstack/react-router";
import { Menu, Moon, Sun, UserRound } from "lucide-react";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { useAttended } from "~/api/attended";
import { IconButton } from "~/ui/Button";
import { setTheme, theme } from "./theme";
import css from "./Frame.module.css";

export interface Way {
  to: string;
  label: string;
  icon: ReactNode;
}

export interface FrameProps {
  brand: ReactNode;
  ways: Way[];
  /** Who is signed in. */
  who: string;
  /** Of which tenant, where the brand at the top does not say it. */
  of?: string | undefined;
  /** Below the ways: what is chosen for all pages. */
  extra?: ReactNode;
  onSignOut: () => void;
  onSignOutEverywhere: () => void;
  children: ReactNode;
}

export function Frame({ brand, ways, who, of, extra, onSignOut, onSignOutEverywhere, children }: FrameProps) {
  const [open, setOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // A way that was taken closes the menu of a small screen, and a reader begins at the top of the page.
  useEffect(() => setOpen(false), [path]);
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#page">Skip to the page</a>
      <header className={css.bar} data-open={open || undefined}>
        <div className={css.brandRow}>
          <div className={css.brand}>{brand}</div>
          <IconButton name={open ? "Close menu" : "Open menu"} aria-expanded={open} className={css.menu} onClick={() => setOpen(!open)}><Menu /></IconButton>
        </div>
        <nav className={css.ways} aria-label="Main">
          {ways.map((way) => (
            <Link key={way.to} to={way.to} className={css.way} activeProps={{ "data-active": "true", "aria-current": "page" }}>
              {way.icon}{way.label}
            </Link>
          ))}
        </nav>
        <div className={css.foot}>
          {extra}
          <Who who={who} of={of} onSignOut={onSignOut} onSignOutEverywhere={onSignOutEverywhere} />
        </div>
      </header>
      <main id="page" className={css.main} tabIndex={-1}>{children}</main>
      <Rests />
    </div>
  );
}

/** What is shown may be old then, and nothing else on the page would say so. */
function Rests() {
  if (useAttended()) return null;
  return <p className={css.rests} role="status">This page rests: nobody has touched it for ten minutes. It goes on at the next touch.</p>;
}

function Who({ who, of, onSignOut, onSignOutEverywhere }: Pick<FrameProps, "who" | "of" | "onSignOut" | "onSignOutEverywhere">) {
  const [shown, set] = useState(theme());
  const { open, show, box } = useDisclosed();
  const id = useId();
  const dark = shown === "dark";
  const flip = () => {
    setTheme(dark ? "light" : "dark");
    set(dark ? "light" : "dark");
  };
  return (
    <div className={css.whoRow}>
      <div className={css.whoBox} ref={box}>
        <button type="button" className={css.who} aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => show(!open)}><UserRound aria-hidden="true" /><span>{who}{of !== undefined && <> <span className={css.of}>{of}</span></>}</span></button>
        {open && (
          <div id={id} className={css.popup}>
            <button type="button" className={css.item} onClick={onSignOut}>Sign out</button>
            <button type="button" className={css.item} onClick={onSignOutEverywhere}>Sign out everywhere</button>
          </div>
        )}
      </div>
      <IconButton name={dark ? "Light theme" : "Dark theme"} onClick={flip}>{dark ? <Sun /> : <Moon />}</IconButton>
    </div>
  );
}

/** Two buttons behind one: a menu of the component set would weigh as much as the router, on the first page of everybody. */
function useDisclosed() {
  const [open, show] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    const leave = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) show(false);
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      show(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", leave, { signal: stop.signal });
    document.addEventListener("focusin", leave, { signal: stop.signal });
    document.addEventListener("keydown", key, { signal: stop.signal });
    return () => stop.abort();
  }, [open]);
  return { open, show, box };
}
