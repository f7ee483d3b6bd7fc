import { useEffect, useState } from "react";

/** Milliseconds without a key before a search begins. */
const PAUSE = 150;

/** A text, once nothing was typed for a moment. */
export function useLater(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
