/** The two switches: of a whole system, and of one function of it. Off asks first and says what stops and what stays. */
import type { Function, UsedSystem } from "@patchbay/client";
import { useState, type ReactNode } from "react";
import { Confirm } from "~/ui/Dialog";
import { Switch } from "~/ui/Field";
import { functionHelp, functionWord } from "~/ui/functions";
import { useTurn } from "./systems";

export function SystemSwitch({ system }: { system: UsedSystem }) {
  const turn = useTurn();
  return (
    <Asking
      label={system.name} help={system.enabled ? "Reads and sends as set up." : "Switched off: nothing is read or sent."} checked={system.enabled}
      title={`Switch off ${system.name}?`} action="Switch off system" onTurn={(on) => turn({ connection: system.connection, on })}
    >
      <p>Nothing is read from {system.name} any more, and what your application sends to it is kept as skipped. It does not reach {system.provider}.</p>
      <p>The login, the settings and everything that is here already stay. You can switch it on again at any time.</p>
    </Asking>
  );
}

export function FunctionSwitch({ system, name, enabled, hideLabel = false }: { system: UsedSystem; name: Function; enabled: boolean; hideLabel?: boolean }) {
  const turn = useTurn();
  const word = functionWord(name);
  return (
    <Asking
      label={hideLabel ? `${word} with ${system.name}` : word} help={functionHelp(name)} hideLabel={hideLabel} checked={enabled} disabled={!system.enabled}
      title={`Switch off ${word} with ${system.name}?`} action={`Switch off ${word}`} onTurn={(on) => turn({ connection: system.connection, function: name, on })}
    >
      <p>What {system.name} has of this kind is no longer read, and what your application sends of it is kept as skipped. It does not reach {system.provider}.</p>
      <p>Everything else that {system.name} does goes on. What was read and sent before stays. You can switch it on again at any time.</p>
    </Asking>
  );
}

interface AskingProps {
  label: string;
  help: string;
  checked: boolean;
  disabled?: boolean;
  hideLabel?: boolean;
  title: string;
  action: string;
  onTurn: (on: boolean) => void;
  /** What stops and what stays. */
  children: ReactNode;
}

function Asking({ label, help, checked, disabled = false, hideLabel = false, title, action, onTurn, children }: AskingProps) {
  const [asking, ask] = useState(false);
  return (
    <>
      <Switch label={label} help={help} hideLabel={hideLabel} checked={checked} disabled={disabled} onChange={(on) => (on ? onTurn(true) : ask(true))} />
      <Confirm open={asking} onClose={() => ask(false)} title={title} action={action} onConfirm={() => { onTurn(false); ask(false); }}>{children}</Confirm>
    </>
  );
}
