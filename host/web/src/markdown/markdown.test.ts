import { expect, test } from "vitest";
import { leadsOut } from "~/ui/SafeLink";
import { blocksOf, type Block, type Inline } from "./blocks";

const paragraph = (text: string) => (blocksOf(text)[0] as { parts: Inline[] }).parts;

test("a guide is read", () => {
  expect(blocksOf("# Before\n\n**By key**\n\n1. Open **Settings → Keys**.\n2. Set *Metadata*,\n   then `copy`\n\n   - one\n   - two\n3. See [help](https://h.example/?a=1&b=2)\n\nThe end\nof it.")).toEqual([
    { kind: "heading", level: 1, parts: ["Before"] },
    { kind: "paragraph", parts: [{ kind: "strong", parts: ["By key"] }] },
    {
      kind: "list", ordered: true, from: 1, items: [
        [{ kind: "paragraph", parts: ["Open ", { kind: "strong", parts: ["Settings → Keys"] }, "."] }],
        [
          { kind: "paragraph", parts: ["Set ", { kind: "em", parts: ["Metadata"] }, ", then ", { kind: "code", text: "copy" }] },
          { kind: "list", ordered: false, from: 1, items: [[{ kind: "paragraph", parts: ["one"] }], [{ kind: "paragraph", parts: ["two"] }]] },
        ],
        [{ kind: "paragraph", parts: ["See ", { kind: "link", to: "https://h.example/?a=1&b=2", parts: ["help"] }] }],
      ],
    },
    { kind: "paragraph", parts: ["The end of it."] },
  ]);
});

test("names with underscores and stars that mean nothing stay as they are", () => {
  expect(paragraph("set `base_url`, read github_pat_x and 2 * 3 * 4, \\*so\\*")).toEqual(["set ", { kind: "code", text: "base_url" }, ", read github_pat_x and 2 * 3 * 4, *so*"]);
});

test("markup is text, pictures are their words", () => {
  expect(paragraph("<script>alert(1)</script> ![shot](https://evil.example/p.png)")).toEqual(["<script>alert(1)</script> shot"]);
});

test("links lead to the web or to a mail address, and nowhere else", () => {
  for (const out of ["https://a.example/", "http://a.example/x", "HTTPS://A.example"]) expect(leadsOut(out)).toBeDefined();
  for (const trap of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:x", "java\nscript:x", "data:text/html,x", "//evil.example", "/admin", "vbscript:x", "blob:https://x/y", "", null]) expect(leadsOut(trap, true)).toBeUndefined();
  expect(leadsOut("mailto:a@b.example")).toBeUndefined();
  expect(leadsOut("mailto:a@b.example", true)).toBe("mailto:a@b.example");
});

test("a heading has no closing signs, whatever stands inside of it", () => {
  const heading = (text: string) => blocksOf(text)[0];
  expect(heading("## Keys ##")).toEqual({ kind: "heading", level: 2, parts: ["Keys"] });
  expect(heading("# C#")).toEqual({ kind: "heading", level: 1, parts: ["C#"] });
  const begun = performance.now();
  for (const slow of [`# a${" ".repeat(40_000)}b`, `# ${"#".repeat(40_000)}x`, `# ${"# ".repeat(20_000)}x`]) blocksOf(slow);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test("a text that was written to be slow is read at once", () => {
  const started = performance.now();
  for (const nasty of ["*", "**a", "`", "[", "[a](", "> ", "- ", "  - ", "_a", "<https://", "\\", "# ", "1. "]) {
    const made: Block[] = blocksOf(nasty.repeat(64 * 1024 / nasty.length));
    expect(made.length).toBeGreaterThan(0);
    blocksOf(`${nasty.repeat(Math.floor(3_990 / nasty.length))}`);
    blocksOf(Array.from({ length: 200 }, (_, level) => `${" ".repeat(level)}${nasty} x`).join("\n"));
  }
  expect(performance.now() - started).toBeLessThan(10_000);
});
