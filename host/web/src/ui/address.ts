/** What is chosen on a page stands in its address: it can be sent to somebody, and going back undoes it. */
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

export type Words = Record<string, string | undefined>;

/** The words behind the `?`, and how to change some of them. An empty word is taken out. */
export function useAddress(): [Words, (change: Words, how?: { replace?: boolean }) => void] {
  const words = useLocation({ select: (location) => location.search });
  const navigate = useNavigate();
  const put = useCallback((change: Words, { replace = false }: { replace?: boolean } = {}) => {
    void navigate({
      to: ".",
      search: (was) => Object.fromEntries(Object.entries({ ...was, ...change }).filter(([, word]) => word !== undefined && word !== "")),
      replace,
      resetScroll: false,
    });
  }, [navigate]);
  return [words, put];
}

/** The word of the address, where it is one of those that are known. */
export function oneOf<const Known extends string>(known: readonly Known[], word: string | undefined): Known | undefined {
  return known.find((each) => each === word);
}
