/** One of many, found by typing: the choices come from elsewhere and are in the order to show. */
import { Combobox } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown, X } from "lucide-react";
import { useId, useRef, type ReactNode } from "react";
import { Button } from "./Button";
import { Frame } from "./Field";
import css from "./Typeahead.module.css";

export interface Pick {
  id: string;
  label: string;
  /** What tells equal labels apart. */
  hint?: string | null;
}

export interface TypeaheadProps {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  chosen: Pick | null;
  onChoose: (pick: Pick | null) => void;
  /** Called with each text that is typed. */
  onText: (text: string) => void;
  /** `undefined` while the first ones are on their way. */
  choices: Pick[] | undefined;
  /** Others are on their way. */
  busy?: boolean;
  /** Why there are none. */
  trouble?: ReactNode;
  /** Said when nothing fits. */
  none?: string;
  more?: (() => void) | undefined;
  /** Below the choices, as how fresh they are. */
  foot?: ReactNode;
  disabled?: boolean;
  /** Names it in the form, so that an error can find it. */
  name?: string;
}

export function Typeahead({ label, help, error, optional = false, chosen, onChoose, onText, choices, busy = false, trouble, none = "Nothing fits.", more, foot, disabled = false, name }: TypeaheadProps) {
  const id = useId();
  // Beside the box, so that the choices belong to the form or dialog that the box is in.
  const place = useRef<HTMLDivElement>(null);
  // What is chosen stays known while others are shown.
  const items = choices === undefined ? [] : choices;
  const said = trouble ? undefined : choices === undefined || busy ? "Searching" : items.length === 0 ? none : undefined;
  return (
    <Combobox.Root
      items={items} filter={null} value={chosen} disabled={disabled}
      itemToStringLabel={(pick: Pick) => pick.label} isItemEqualToValue={(one: Pick, other: Pick) => one.id === other.id}
      onValueChange={(pick) => onChoose(pick)}
      onInputValueChange={(text, { reason }) => {
        // A choice writes its own label into the box: that is no search.
        onText(reason === "input-change" ? text : "");
      }}
    >
      <Frame label={label} help={help} error={error} optional={optional}>
        <Combobox.InputGroup className={css.box}>
          <Combobox.Input className={css.input} id={id} data-pointer={name} aria-label={label} placeholder="Type to search" />
          {chosen && !disabled && <Combobox.Clear className={css.button} aria-label={`Clear ${label}`}><X aria-hidden="true" /></Combobox.Clear>}
          <Combobox.Trigger className={css.button} aria-label={`Show choices of ${label}`}><ChevronsUpDown aria-hidden="true" /></Combobox.Trigger>
        </Combobox.InputGroup>
      </Frame>
      <div ref={place} className={css.place} />
      <Combobox.Portal container={place}>
        <Combobox.Positioner className={css.positioner} positionMethod="fixed" sideOffset={4} align="start">
          <Combobox.Popup className={css.popup} aria-busy={busy || undefined}>
            <Combobox.Status className={css.said}>{said}</Combobox.Status>
            {trouble && <div className={css.trouble}>{trouble}</div>}
            <Combobox.List className={css.list} data-stale={busy || undefined}>
              {(pick: Pick) => (
                <Combobox.Item key={pick.id} value={pick} className={css.item}>
                  <span className={css.words}><span className={css.label}>{pick.label}</span>{pick.hint && <span className={css.hint}>{pick.hint}</span>}</span>
                  <Combobox.ItemIndicator className={css.mark}><Check aria-hidden="true" /></Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
            {(more || foot) && <div className={css.foot}>{more && <Button look="quiet" onClick={more}>Show more</Button>}{foot}</div>}
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}
