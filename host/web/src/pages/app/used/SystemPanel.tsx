/** One system, opened: its switch, and one for each function that it serves. */
import { Link } from "@tanstack/react-router";
import { useCards } from "~/api/catalog";
import { buttonClass } from "~/ui/Button";
import { SidePanel } from "~/ui/Dialog";
import { Logo } from "~/ui/Logo";
import { Status } from "~/ui/Status";
import { FunctionSwitch, SystemSwitch } from "./TurnSwitch";
import type { System } from "./systems";
import css from "./SystemPanel.module.css";

export function SystemPanel({ system: { about, functions }, onClose }: { system: System; onClose: () => void }) {
  const cards = useCards();
  return (
    <SidePanel
      open onClose={onClose} title={about.name} before={<Logo logo={cards(about.connector)?.logo} name={about.provider} size={32} />}
      footer={<Link to="/app/connections/$connection" params={{ connection: about.connection }} className={buttonClass("plain")}>Open the connection</Link>}
    >
      <p className={css.facts}>{about.enabled ? <Status state={about.status} /> : <Status state="off" word="Switched off" tone="none" />}<span className={css.soft}>{about.provider}</span></p>
      <section className={css.part} aria-labelledby="whole">
        <h3 id="whole">The whole system</h3>
        <SystemSwitch system={about} />
      </section>
      <section className={css.part} aria-labelledby="functions">
        <h3 id="functions">What it does for you</h3>
        {!about.enabled && <p className={css.soft}>Switch the system on to change these.</p>}
        <ul className={css.list}>{functions.map((each) => <li key={each.function}><FunctionSwitch system={about} name={each.function} enabled={each.enabled} /></li>)}</ul>
      </section>
    </SidePanel>
  );
}
