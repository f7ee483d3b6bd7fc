/** A search that waits until nothing was typed for a moment. */
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import css from "./SearchBox.module.css";

/** Milliseconds without a key before a search begins. */
const PAUSE = 150;

export function SearchBox({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }) {
  const [text, set] = useState(value);
  const told = useRef(value);
  // Another page of the browser's history has another search.
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      set(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onSearch(text);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text, onSearch]);
  return (
    <div className={css.box}>
      <Search aria-hidden="true" />
      <input type="search" aria-label={label} placeholder={label} value={text} onChange={(event) => set(event.target.value)} />
    </div>
  );
}
