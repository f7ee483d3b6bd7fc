/** A text that a publisher wrote in Markdown, as elements. No markup of theirs becomes markup of ours. */
import { Fragment, useMemo } from "react";
import { SafeLink } from "~/ui/SafeLink";
import { blocksOf, type Block, type Inline } from "./blocks";
import css from "./Markdown.module.css";

/** `top`: the level of its first headings, below those of the page around it. */
export function Markdown({ text, top = 4 }: { text: string; top?: number }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return <div className={css.text}><Blocks blocks={blocks} top={top} /></div>;
}

function Blocks({ blocks, top }: { blocks: Block[]; top: number }) {
  // What stands in a text never moves in it, so its place names it.
  return blocks.map((block, place) => <One key={place} block={block} top={top} />);
}

function One({ block, top }: { block: Block; top: number }) {
  switch (block.kind) {
    case "heading": {
      const Heading = `h${Math.min(6, top + Math.min(1, block.level - 1))}` as "h4" | "h5";
      return <Heading className={css.heading}><Words parts={block.parts} /></Heading>;
    }
    case "paragraph":
      return <p><Words parts={block.parts} /></p>;
    case "code":
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be reached by keyboard
      return <pre tabIndex={0}><code>{block.text}</code></pre>;
    case "rule":
      return <hr />;
    case "quote":
      return <blockquote><Blocks blocks={block.blocks} top={top} /></blockquote>;
    case "list": {
      const items = block.items.map((item, place) => <li key={place}><Item blocks={item} top={top} /></li>);
      return block.ordered ? <ol start={block.from}>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

/** One line of a list stands without a paragraph around it. */
function Item({ blocks, top }: { blocks: Block[]; top: number }) {
  const [first, ...rest] = blocks;
  if (first?.kind !== "paragraph") return <Blocks blocks={blocks} top={top} />;
  return <><Words parts={first.parts} /><Blocks blocks={rest} top={top} /></>;
}

function Words({ parts }: { parts: Inline[] }) {
  return parts.map((part, place) => <Fragment key={place}><Word part={part} /></Fragment>);
}

function Word({ part }: { part: Inline }) {
  if (typeof part === "string") return part;
  switch (part.kind) {
    case "strong":
      return <strong><Words parts={part.parts} /></strong>;
    case "em":
      return <em><Words parts={part.parts} /></em>;
    case "code":
      return <code>{part.text}</code>;
    case "link":
      return <SafeLink to={part.to} mail><Words parts={part.parts} /></SafeLink>;
    case "break":
      return <br />;
  }
}
