import { expect, test } from "vitest";
import { readPage } from "./errors";

test("a page is taken apart into what happened, what it means and what to do", () => {
  const page = readPage("PB3015", "# PB3015: Deletions wait for approval\n\n**What happened.** A pass is complete,\nand many were absent.\n\n**What it means.** Either or.\n\n**What to do.** Compare `a` with *b*.\n");
  expect(page.title).toBe("Deletions wait for approval");
  expect(page.parts).toEqual([
    { heading: "What happened", text: "A pass is complete, and many were absent." },
    { heading: "What it means", text: "Either or." },
    { heading: "What to do", text: "Compare `a` with *b*." },
  ]);
});

test("a page that is written otherwise keeps its title", () => {
  expect(readPage("PB1", "# Something else\n\nwithout parts")).toEqual({ code: "PB1", title: "Something else", parts: [] });
  expect(readPage("PB1", "").title).toBe("");
});
