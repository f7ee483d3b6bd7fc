/** An integration as a card: what it is, how it stands for this tenant, and the one thing to do with it. */
import type { Card } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { buttonClass } from "~/ui/Button";
import { plural } from "~/ui/format";
import { Logo } from "~/ui/Logo";
import { Skeleton } from "~/ui/States";
import { Status } from "~/ui/Status";
import { categoryWord } from "./choice";
import css from "./IntegrationCard.module.css";

export function IntegrationCard({ card }: { card: Card }) {
  const id = `card-${card.connector}`;
  const soon = card.status === "coming_soon";
  return (
    <li className={css.card} data-state={card.status} aria-labelledby={id}>
      <div className={css.head}>
        <Logo logo={card.logo} name={card.name} muted={soon} />
        <div className={css.words}>
          <h2 className={css.name} id={id}>
            {/* The whole card leads there. */}
            <Link to="/app/integrations" search={opened(card.connector)} resetScroll={false} className={css.open}>{card.name}</Link>
          </h2>
          <p className={css.soft}>{categoryWord(card.category)}{card.recommended && <> · <span className={css.recommended}>Recommended</span></>}</p>
        </div>
      </div>
      <p className={css.summary}>{card.summary}</p>
      <div className={css.foot}>
        {card.status === "connect" ? <span /> : <Status state={card.status} />}
        <Action card={card} />
      </div>
    </li>
  );
}

/** What the status asks for; nothing where there is nothing to do. */
function Action({ card }: { card: Card }) {
  switch (card.status) {
    case "connect":
      return <Link to="/app/integrations" search={opened(card.connector, "new")} resetScroll={false} className={buttonClass("plain", css.action)} aria-label={`Connect ${card.name}`}>Connect</Link>;
    case "action_required":
    case "warning":
      return <Link to="/app/integrations" search={opened(card.connector)} resetScroll={false} className={buttonClass("plain", css.action)} aria-label={`See why: ${card.name}`}>See why</Link>;
    case "active":
      return <span className={css.soft}>{plural(card.connections, "connection")}</span>;
    case "coming_soon":
      return null;
  }
}

/** The address with a card open, and perhaps connecting. */
const opened = (connector: string, connect?: string) => (was: Record<string, unknown>): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(was).filter((entry): entry is [string, string] => typeof entry[1] === "string" && entry[0] !== "connect")),
  open: connector,
  ...(connect === undefined ? {} : { connect }),
});

/** Cards that come, of the size that they will have. */
export function CardSkeletons() {
  return Array.from({ length: 8 }, (_, place) => (
    <li key={place} className={css.card} aria-hidden="true">
      <div className={css.head}><Skeleton width={40} height={40} /><div className={css.words}><Skeleton width={120} height={16} /><Skeleton width={72} height={12} /></div></div>
      <div className={css.summary}><Skeleton width="95%" /><Skeleton width="70%" /></div>
      <div className={css.foot}><Skeleton width={80} /></div>
    </li>
  ));
}
