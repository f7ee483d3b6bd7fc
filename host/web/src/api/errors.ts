/** The page of an error code, which the host serves to everybody: what happened, what it means, what to do. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { answer, client } from "./client";

/** A page, taken apart. */
export interface CodePage {
  code: string;
  title: string;
  /** Its parts by their heading, without mark-up: `What happened`, `What it means`, `What to do`. */
  parts: { heading: string; text: string }[];
}

/** Reads a page. One that is written otherwise has its title, and no parts. */
export function readPage(code: string, text: string): CodePage {
  const [head = "", ...rest] = text.split(/\n\s*\n/);
  const title = head.replace(/^#\s*/, "").replace(/^PB\d+:\s*/, "").trim();
  const parts = rest.flatMap((block) => {
    const found = /^\*\*([^*]+?)\.?\*\*\s+([\s\S]+)$/.exec(block.trim());
    return found?.[1] !== undefined && found[2] !== undefined ? [{ heading: found[1], text: found[2].replace(/\s*\n\s*/g, " ").trim() }] : [];
  });
  return { code, title, parts };
}

const page = (code: string) => ({
  queryKey: ["error-page", code],
  // A page of a code changes with a release of the host only.
  staleTime: Infinity,
  queryFn: async () => readPage(code, String(await answer(client().GET("/errors/{code}", { params: { path: { code } }, parseAs: "text" })))),
});

/** The page of a code; nothing until it is there. */
export function useCodePage(code: string | null | undefined): CodePage | undefined {
  return useQuery({ ...page(code ?? ""), enabled: Boolean(code) }).data;
}

/** What several codes are called: the code itself until its page is there. */
export function useCodeTitles(codes: string[]): (code: string) => string {
  const titles = useQueries({ queries: [...new Set(codes)].map(page), combine: (found) => new Map(found.flatMap(({ data }) => (data ? [[data.code, data.title] as const] : []))) });
  return (code) => titles.get(code) ?? code;
}
