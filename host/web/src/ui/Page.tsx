/** The frame of a page: its heading (which the tab says too), what leads back, and what can be done. */
import { useEffect, type ReactNode } from "react";
import css from "./Page.module.css";

export interface PageProps {
  title: string;
  /** Instead of the plain title, as for a name that is edited in place. */
  heading?: ReactNode;
  /** One sentence below the title. */
  lead?: ReactNode;
  /** Where it stands, above the title: links back. */
  back?: ReactNode;
  /** What can be done, at the top right. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, heading, lead, back, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Patchbay`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.header}>
        <div className={css.words}>
          {back && <div className={css.back}>{back}</div>}
          {heading ?? <h1>{title}</h1>}
          {lead && <p className={css.lead}>{lead}</p>}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page, with its heading. */
export function Section({ title, lead, actions, children, flush = false }: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section className={css.section} aria-label={title}>
      <div className={css.sectionHead}>
        <div>
          <h2>{title}</h2>
          {lead && <p className={css.lead}>{lead}</p>}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
      <div className={flush ? css.flush : css.card}>{children}</div>
    </section>
  );
}
