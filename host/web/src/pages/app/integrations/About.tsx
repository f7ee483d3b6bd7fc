/** What an integration is and does, before somebody connects it: reads, writes, reaches, what one needs, and its guides. */
import type { CatalogEntry, Guide } from "@patchbay/client";
import { BookOpen, Check, Eye, Globe, PenLine } from "lucide-react";
import type { ReactNode } from "react";
import { Markdown } from "~/markdown/Markdown";
import { asksOf, type Asked } from "./sentences";
import css from "./About.module.css";

export function Asks({ entry }: { entry: CatalogEntry }) {
  const { reads, writes, reaches, further } = asksOf(entry.sentences);
  return (
    <section className={css.part} aria-labelledby="asks">
      <h3 id="asks">What it does</h3>
      <Group icon={<Eye aria-hidden="true" />} title="Reads" none="Nothing is read." asked={reads} />
      <Group icon={<PenLine aria-hidden="true" />} title="Writes" none="Nothing is written." asked={writes} />
      <Group icon={<Globe aria-hidden="true" />} title="Reaches" none="Nothing is reached." asked={reaches} closed />
      {further.length > 0 && (
        <details className={css.more}>
          <summary>Login and limits</summary>
          <ul className={css.plain}>{further.map((sentence) => <li key={sentence}>{sentence}.</li>)}</ul>
        </details>
      )}
    </section>
  );
}

/** The things by name; what is said about each below it. `closed` until somebody wants to know. */
function Group({ icon, title, none, asked, closed = false }: { icon: ReactNode; title: string; none: string; asked: Asked[]; closed?: boolean }) {
  const list = (
    <dl className={css.asked}>
      {asked.map((one, place) => <div key={place}><dt>{one.title}</dt><dd>{one.about}</dd></div>)}
    </dl>
  );
  return (
    <div className={css.group}>
      <p className={css.groupTitle}>{icon}{title}</p>
      {asked.length === 0 ? <p className={css.soft}>{none}</p>
        : closed || asked.length > 8
          ? <details className={css.more}><summary>{summary(asked)}</summary>{list}</details>
          : list}
    </div>
  );
}

/** The first few names; an address without what is done there. */
function summary(asked: Asked[]): string {
  const names = asked.map(({ title }) => title.replace(/ \(.*/, ""));
  const more = names.length - 3;
  return more > 0 ? `${names.slice(0, 3).join(", ")} and ${more} more` : names.join(", ");
}

export function Checklist({ entry }: { entry: CatalogEntry }) {
  if (entry.checklist.length === 0) return null;
  return (
    <section className={css.part} aria-labelledby="checklist">
      <h3 id="checklist">What you need</h3>
      <ul className={css.checklist}>{entry.checklist.map((line) => <li key={line}><Check aria-hidden="true" />{line}</li>)}</ul>
    </section>
  );
}

/** The first guide is that of the person who connects. `open` shows it at once, as beside the form. */
export function Guides({ entry, open = false }: { entry: CatalogEntry; open?: boolean }) {
  if (entry.guides.length === 0) return null;
  return (
    <section className={css.part} aria-labelledby="guides">
      <h3 id="guides">{entry.guides.length === 1 ? "Guide" : "Guides"}</h3>
      {entry.guides.map((guide, place) => <OneGuide key={guide.id} connector={entry.connector} guide={guide} open={open && place === 0} />)}
    </section>
  );
}

function OneGuide({ connector, guide, open }: { connector: string; guide: Guide; open: boolean }) {
  return (
    <details className={css.guide} open={open}>
      <summary><BookOpen aria-hidden="true" /><span>{guide.title}<span className={css.audience}>{guide.audience}</span></span></summary>
      <div className={css.guideText}>
        <Markdown text={guide.text} />
        <p className={css.soft}><a href={`/guides/${encodeURIComponent(connector)}/${encodeURIComponent(guide.id)}`} target="_blank" rel="noreferrer">Open this guide on a page of its own</a>, to send it to somebody.</p>
      </div>
    </details>
  );
}
