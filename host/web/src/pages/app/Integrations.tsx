/** What can be connected: a card for each integration, and a panel at the side for the one that is open. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { catalog } from "~/api/catalog";
import { oneOf, useAddress } from "~/ui/address";
import { Button } from "~/ui/Button";
import { count, plural } from "~/ui/format";
import { Page } from "~/ui/Page";
import { SearchBox } from "~/ui/SearchBox";
import { Empty, Trouble } from "~/ui/States";
import { chipWord, CHIPS, chosen } from "./integrations/choice";
import { CardSkeletons, IntegrationCard } from "./integrations/IntegrationCard";
import { Panel } from "./integrations/Panel";
import css from "./Integrations.module.css";

export function Integrations() {
  const [{ show, q = "", open, connect }, put] = useAddress();
  const { data, error, refetch } = useQuery(catalog);
  const chip = oneOf(CHIPS, show) ?? "all";
  const { cards, chips } = useMemo(() => chosen(data?.items, chip, q), [data, chip, q]);
  const search = useCallback((text: string) => put({ q: text.trim() }, { replace: true }), [put]);
  return (
    <Page title="Integrations" lead="Connect the systems that you work with. Choose one to see what it reads and writes before you do.">
      <div className={css.tools}>
        <SearchBox label="Search integrations" value={q} onSearch={search} />
        <div className={css.chips} role="group" aria-label="Show">
          {chips.map((each) => (
            <button key={each.chip} type="button" className={css.chip} aria-pressed={each.chip === chip} disabled={data === undefined} onClick={() => put({ show: each.chip === "all" ? undefined : each.chip })}>
              {chipWord(each.chip)}<span className={css.count}>{data ? count(each.count) : "–"}</span>
            </button>
          ))}
        </div>
      </div>
      {error && data === undefined ? <Trouble error={error} retry={() => void refetch()} /> : (
        <>
          <p className="visually-hidden" role="status">{data && plural(cards.length, "integration")}</p>
          {data && cards.length === 0 && <Nothing searched={q} whole={data.items.length === 0} onClear={() => put({ q: undefined, show: undefined })} />}
          <ul className={css.grid} aria-label="Integrations">
            {data === undefined ? <CardSkeletons /> : cards.map((card) => <IntegrationCard key={card.connector} card={card} />)}
          </ul>
        </>
      )}
      {open && <Panel key={open} connector={open} connect={connect} card={data?.items.find((card) => card.connector === open)} onClose={() => put({ open: undefined, connect: undefined })} />}
    </Page>
  );
}

function Nothing({ searched, whole, onClear }: { searched: string; whole: boolean; onClear: () => void }) {
  if (whole) return <Empty title="There are no integrations yet">They appear here as soon as the operator of this installation adds connectors. Nothing is missing on your side.</Empty>;
  return (
    <Empty title={searched ? `No integration matches “${searched}”` : "No integration is of this kind"} action={<Button onClick={onClear}>Show all integrations</Button>}>
      {searched ? "The search looks at names, summaries and categories." : "Others may well be there."}
    </Empty>
  );
}
