/**
 * Markdown of guides as data: headings, paragraphs, lists, quotes, code, and in them bold, italic, code and links.
 * Markup is text, pictures are their words. Written here because a guide needs this much and no more: a library
 * that knows all of CommonMark is larger than the page, and most of them make HTML.
 */

export type Inline = string | { kind: "strong" | "em"; parts: Inline[] } | { kind: "code"; text: string } | { kind: "link"; to: string; parts: Inline[] } | { kind: "break" };

export type Block =
  | { kind: "heading"; level: number; parts: Inline[] }
  | { kind: "paragraph"; parts: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; ordered: boolean; from: number; items: Block[][] };

/** Characters of a text that are read. */
const LONGEST = 64 * 1024;
/** Characters of one paragraph in which marks are looked for; in a longer one they are text. */
const LONGEST_PARAGRAPH = 4_000;
/** Levels of lists and quotes in each other. */
const DEEPEST = 6;

const HEADING = /^ {0,3}(#{1,6}) +(.*)$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const FENCE = /^ {0,3}(```+|~~~+)/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const QUOTE = /^ {0,3}> ?/;

/** The words of a heading, without the signs that may close it. By steps and not by one pattern, which would take minutes over many spaces. */
function headingText(rest: string): string {
  const words = rest.trim();
  let end = words.length;
  while (words[end - 1] === "#") end -= 1;
  const open = words.slice(0, end);
  return open === "" || open.endsWith(" ") ? open.trimEnd() : words;
}

/** The blocks of a text. */
export function blocksOf(markdown: string): Block[] {
  return blocks(markdown.slice(0, LONGEST).replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0);
}

function blocks(lines: string[], depth: number): Block[] {
  const made: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) made.push({ kind: "paragraph", parts: inlines(paragraph.join("\n").trim()) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const heading = HEADING.exec(line);
    const fence = FENCE.exec(line)?.[1];
    const item = ITEM.exec(line);
    if (line.trim() === "") {
      flush();
      at += 1;
    } else if (heading) {
      flush();
      made.push({ kind: "heading", level: heading[1]?.length ?? 1, parts: inlines(headingText(heading[2] ?? "")) });
      at += 1;
    } else if (fence !== undefined) {
      flush();
      const end = lines.findIndex((other, place) => place > at && other.trim().startsWith(fence));
      made.push({ kind: "code", text: lines.slice(at + 1, end < 0 ? undefined : end).join("\n") });
      at = end < 0 ? lines.length : end + 1;
    } else if (RULE.test(line)) {
      flush();
      made.push({ kind: "rule" });
      at += 1;
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      flush();
      const from = at;
      while (at < lines.length && QUOTE.test(lines[at] ?? "")) at += 1;
      made.push({ kind: "quote", blocks: blocks(lines.slice(from, at).map((one) => one.replace(QUOTE, "")), depth + 1) });
    } else if (item && depth < DEEPEST && (paragraph.length === 0 || /^[-*+]$|^1[.)]$/.test(item[2] ?? ""))) {
      flush();
      const [list, next] = listFrom(lines, at, depth);
      made.push(list);
      at = next;
    } else {
      paragraph.push(line);
      at += 1;
    }
  }
  flush();
  return made;
}

/** The list that begins at a line, and the line behind it. */
function listFrom(lines: string[], start: number, depth: number): [Block, number] {
  const first = ITEM.exec(lines[start] ?? "");
  const mark = first?.[2] ?? "-";
  const ordered = /\d/.test(mark);
  const items: Block[][] = [];
  let at = start;
  while (at < lines.length) {
    const found = ITEM.exec(lines[at] ?? "");
    if (!found || /\d/.test(found[2] ?? "") !== ordered || RULE.test(lines[at] ?? "")) break;
    const inset = found[0].length;
    const own = [(lines[at] ?? "").slice(inset)];
    at += 1;
    for (; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const space = line.length - line.trimStart().length;
      if (line.trim() === "") {
        // A blank line goes on with the item only when what follows is inset.
        const follows = lines[at + 1] ?? "";
        if (follows.trim() === "" || follows.length - follows.trimStart().length < Math.min(inset, 2)) break;
        own.push("");
      } else if (space >= Math.min(inset, 2)) {
        own.push(line.slice(Math.min(space, inset)));
      } else if (ITEM.test(line) || HEADING.test(line) || FENCE.test(line) || QUOTE.test(line) || own.at(-1) === "") {
        break;
      } else {
        own.push(line);
      }
    }
    items.push(blocks(own, depth + 1));
    // One blank line between two items does not end the list.
    if ((lines[at] ?? "").trim() === "" && ITEM.test(lines[at + 1] ?? "")) at += 1;
  }
  return [{ kind: "list", ordered, from: ordered ? parseInt(mark, 10) : 1, items }, at];
}

/** Escapes, code, links, bare addresses in angle brackets, bold, italic, hard line ends: whichever comes first. */
const MARKS = /\\([!-/:-@[-`{-~])|(`+)([^`]|[^`][\s\S]*?[^`])\2(?!`)|!?\[((?:[^[\]\\]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)|<((?:https?:\/\/|mailto:)[^\s<>]+)>|(\*\*|__)(?=\S)([\s\S]*?\S)\7|(\*|(?<!\w)_)(?=\S)([\s\S]*?[^\s*_])\9(?!\w)| {2,}\n|\n/;

function inlines(text: string, depth = 0): Inline[] {
  if (text.length > LONGEST_PARAGRAPH || depth > DEEPEST) return [text];
  const parts: Inline[] = [];
  let rest = text;
  let plain = "";
  for (let found = MARKS.exec(rest); found !== null; found = MARKS.exec(rest)) {
    const [whole, escaped, , code, words, to, bare, , strong, , em] = found;
    plain += rest.slice(0, found.index);
    rest = rest.slice(found.index + whole.length);
    if (escaped !== undefined) plain += escaped;
    else if (whole === "\n") plain += " ";
    else if (whole.startsWith("!")) plain += words ?? "";
    else {
      if (plain !== "") parts.push(plain);
      plain = "";
      if (code !== undefined) parts.push({ kind: "code", text: code.replaceAll("\n", " ").trim() });
      else if (to !== undefined) parts.push({ kind: "link", to, parts: inlines(words ?? "", depth + 1) });
      else if (bare !== undefined) parts.push({ kind: "link", to: bare, parts: [bare.replace(/^mailto:/, "")] });
      else if (strong !== undefined) parts.push({ kind: "strong", parts: inlines(strong, depth + 1) });
      else if (em !== undefined) parts.push({ kind: "em", parts: inlines(em, depth + 1) });
      else parts.push({ kind: "break" });
    }
  }
  if (plain + rest !== "") parts.push(plain + rest);
  return parts;
}
