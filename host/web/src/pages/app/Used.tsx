/** What is to be done, and with which systems: each function with the systems that serve it, and their switches. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useAddress } from "~/ui/address";
import { buttonClass } from "~/ui/Button";
import { Page } from "~/ui/Page";
import { Empty, Skeleton, Trouble } from "~/ui/States";
import { FunctionSection, Unserved } from "./used/FunctionSection";
import { SystemPanel } from "./used/SystemPanel";
import { systemsOf, used } from "./used/systems";
import css from "./Used.module.css";

export function Used() {
  const [{ system }, put] = useAddress();
  const { data, error, refetch } = useQuery(used);
  const served = data?.items.filter((item) => item.systems.length > 0) ?? [];
  const unserved = data?.items.filter((item) => item.systems.length === 0) ?? [];
  const opened = data && system ? systemsOf(data.items).get(system) : undefined;
  return (
    <Page title="Used systems" lead="For each kind of work, the systems that do it for you. Switch one off here, and on again whenever you like.">
      {error && data === undefined ? <Trouble error={error} retry={() => void refetch()} /> : data === undefined ? <Skeletons /> : (
        <>
          {data.items.length === 0 && (
            <Empty title="There is nothing to switch yet" action={<Link to="/app/integrations" className={buttonClass("primary")}>Go to Integrations</Link>}>As soon as an integration is there, what it can do for you stands here.</Empty>
          )}
          {served.length > 0 && <div className={css.served}>{served.map((item) => <FunctionSection key={item.function} item={item} onOpen={(id) => put({ system: id })} />)}</div>}
          {unserved.length > 0 && (
            <section className={css.unserved} aria-labelledby="unserved">
              <h2 id="unserved">{served.length > 0 ? "Not in use yet" : "Choose what is to be done"}</h2>
              <ul className={css.grid}>{unserved.map((item) => <Unserved key={item.function} item={item} />)}</ul>
            </section>
          )}
        </>
      )}
      {opened && <SystemPanel system={opened} onClose={() => put({ system: undefined })} />}
    </Page>
  );
}

function Skeletons() {
  return (
    <div className={css.served} role="status">
      <span className="visually-hidden">Loading</span>
      {[1, 2].map((place) => <div key={place} className={css.skeletons}><Skeleton width={160} height={24} /><Skeleton height={64} /><Skeleton height={64} /></div>)}
    </div>
  );
}
