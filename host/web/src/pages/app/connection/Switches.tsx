/** The switch of each function. Off asks first and says what stops and what stays; on does not ask. */
import type { CatalogEntry, ConnectionDetail, FunctionSwitch } from "@patchbay/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "~/ui/Dialog";
import { Switch } from "~/ui/Field";
import { functionWord } from "~/ui/functions";
import { streamsOf, useChange } from "./queries";
import css from "./Switches.module.css";

interface SwitchesProps {
  connection: ConnectionDetail;
  entry: CatalogEntry | undefined;
}

/** The connection's own, and below it its functions', which say nothing while it is off. */
export function Switches({ connection, entry }: SwitchesProps) {
  return (
    <div className={css.switches}>
      <ConnectionSwitch connection={connection} />
      {connection.functions.length > 0 && <div className={css.functions} data-off={!connection.enabled || undefined}><FunctionSwitches connection={connection} entry={entry} /></div>}
    </div>
  );
}

function FunctionSwitches({ connection, entry }: SwitchesProps) {
  const { data: streams } = useQuery(streamsOf(connection.id));
  const [asking, ask] = useState<FunctionSwitch>();
  const change = useChange(connection.id);
  const streamTitle = (name: string) => streams?.items.find((stream) => stream.name === name)?.title ?? name;
  const actionTitle = (name: string) => entry?.actions.find((action) => action.name === name)?.title ?? name;
  const set = (one: FunctionSwitch, enabled: boolean) => change.mutate({ functions: { [one.function]: enabled } });
  return (
    <>
      <ul className={css.list}>
        {connection.functions.map((one) => {
          const parts = [
            one.streams.length > 0 && `Reads ${listed(one.streams.map(streamTitle))}.`,
            one.actions.length > 0 && `Sends ${listed(one.actions.map(actionTitle))}.`,
          ].filter(Boolean).join(" ");
          return (
            <li key={one.function}>
              <Switch label={functionWord(one.function)} help={parts} checked={one.enabled} onChange={(is) => (is ? set(one, true) : ask(one))} />
            </li>
          );
        })}
      </ul>
      {asking && (
        <Confirm
          open title={`Switch off ${functionWord(asking.function)}?`} action={`Switch off ${functionWord(asking.function)}`} onClose={() => ask(undefined)}
          onConfirm={() => { set(asking, false); ask(undefined); }}
        >
          {asking.streams.length > 0 && <p>{listed(asking.streams.map(streamTitle))} {asking.streams.length === 1 ? "is" : "are"} no longer read. Records that are here already stay.</p>}
          {asking.actions.length > 0 && <p>{listed(asking.actions.map(actionTitle))}: what your application sends is kept as skipped, and does not reach the provider. What was sent before stays there.</p>}
          <p>You can switch it on again at any time.</p>
        </Confirm>
      )}
    </>
  );
}

/** The switch of the whole connection, in the same way. */
function ConnectionSwitch({ connection }: { connection: ConnectionDetail }) {
  const [asking, ask] = useState(false);
  const change = useChange(connection.id);
  return (
    <>
      <Switch label="Connection" help={connection.enabled ? "Reads and sends as set up here." : "Switched off: nothing is read or sent."} checked={connection.enabled} onChange={(is) => (is ? change.mutate({ enabled: true }) : ask(true))} />
      {asking && (
        <Confirm
          open title={`Switch off ${connection.name}?`} action="Switch off connection" onClose={() => ask(false)}
          onConfirm={() => { change.mutate({ enabled: false }); ask(false); }}
        >
          <p>Nothing is read from it any more, and what your application sends to it is kept as skipped.</p>
          <p>The login, the settings and the records that are here stay. You can switch it on again at any time.</p>
        </Confirm>
      )}
    </>
  );
}

/** Names in a sentence; a long list is cut, since a function may have a hundred streams. */
const and = new Intl.ListFormat("en-GB", { type: "conjunction" });
const NAMED = 6;

function listed(names: string[]): string {
  const more = names.length - NAMED;
  return and.format(more > 1 ? [...names.slice(0, NAMED), `${more} more`] : names);
}
