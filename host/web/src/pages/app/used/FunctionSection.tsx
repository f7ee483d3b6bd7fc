/** One function with the systems that serve it; or, where none does, those that could. */
import type { UsedFunction, UsedSystem } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useCards } from "~/api/catalog";
import { buttonClass } from "~/ui/Button";
import { count } from "~/ui/format";
import { functionHelp, functionWord } from "~/ui/functions";
import { Logo } from "~/ui/Logo";
import { Status } from "~/ui/Status";
import { FunctionSwitch } from "./TurnSwitch";
import css from "./FunctionSection.module.css";

/** Systems to connect that are named; the others stand under Integrations. */
const NAMED = 3;

export function FunctionSection({ item, onOpen }: { item: UsedFunction; onOpen: (connection: string) => void }) {
  const id = `function-${item.function}`;
  return (
    <section className={css.section} aria-labelledby={id}>
      <div>
        <h2 id={id}>{functionWord(item.function)}</h2>
        <p className={css.soft}>{functionHelp(item.function)}</p>
      </div>
      <ul className={css.list}>
        {item.systems.map((system) => <Row key={system.connection} system={system} item={item} onOpen={onOpen} />)}
      </ul>
      {item.total > item.systems.length && <p className={css.soft}>These are the first {count(item.systems.length)} of {count(item.total)}. <Link to="/app/connections">Show all connections</Link></p>}
      {item.available.length > 0 && <More item={item} />}
    </section>
  );
}

function Row({ system, item, onOpen }: { system: UsedSystem; item: UsedFunction; onOpen: (connection: string) => void }) {
  const cards = useCards();
  return (
    <li className={css.row} data-off={!system.enabled || !system.function_enabled || undefined}>
      <Logo logo={cards(system.connector)?.logo} name={system.provider} size={32} muted={!system.enabled} />
      <button type="button" className={css.name} onClick={() => onOpen(system.connection)}>
        <span className={css.words}><span className={css.own}>{system.name}</span><span className={css.soft}>{system.provider}</span></span>
        <ChevronRight aria-hidden="true" />
      </button>
      <span className={css.status}>{system.enabled ? <Status state={system.status} /> : <Status state="off" word="Switched off" tone="none" />}</span>
      <FunctionSwitch system={system} name={item.function} enabled={system.function_enabled} hideLabel />
    </li>
  );
}

/** What else could serve it, in a sentence. */
function More({ item }: { item: UsedFunction }) {
  const rest = item.available.length - NAMED;
  return (
    <p className={css.soft}>
      Connect another:{" "}
      {item.available.slice(0, NAMED).map((one, place) => <span key={one.connector}>{place > 0 && ", "}<Link to="/app/integrations" search={{ open: one.connector }}>{one.provider}</Link></span>)}
      {rest > 0 && <> or <Link to="/app/integrations">{rest} more</Link></>}
    </p>
  );
}

export function Unserved({ item }: { item: UsedFunction }) {
  const id = `function-${item.function}`;
  const rest = item.available.length - NAMED;
  return (
    <li className={css.card} aria-labelledby={id}>
      <div>
        <h3 id={id}>{functionWord(item.function)}</h3>
        <p className={css.soft}>{functionHelp(item.function)}</p>
      </div>
      {item.available.length === 0 ? <p className={css.soft}>No system for it can be connected yet.</p> : (
        <ul className={css.offers}>
          {item.available.slice(0, NAMED).map((one) => (
            <li key={one.connector}>
              <Logo logo={one.logo} name={one.provider} size={24} />
              <span className={css.own}>{one.provider}</span>
              <Link to="/app/integrations" search={{ open: one.connector }} className={buttonClass("plain", css.connect)} aria-label={`Connect ${one.provider} for ${functionWord(item.function)}`}>Connect</Link>
            </li>
          ))}
          {rest > 0 && <li><Link to="/app/integrations">{rest} more under Integrations</Link></li>}
        </ul>
      )}
    </li>
  );
}
