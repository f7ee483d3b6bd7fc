/** Fields of forms: label above, help below, the error below in words. No placeholder is a label. */
import { Field as Base } from "@base-ui/react/field";
import { Switch as BaseSwitch } from "@base-ui/react/switch";
import { Eye, EyeOff } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { IconButton } from "./Button";
import css from "./Field.module.css";

interface FrameProps {
  label: string;
  help?: ReactNode;
  /** What is wrong, in words with what to do. */
  error?: string | undefined;
  /** It may be left empty; said beside the label. */
  optional?: boolean;
  /** The label is only said, where what stands around the field shows it. */
  hideLabel?: boolean;
}

export interface TextFieldProps extends FrameProps {
  name?: string;
  value: string;
  onChange: (value: string) => void;
  onBlur?: () => void;
  /** `secret` hides what is typed and lets it be shown. */
  type?: "text" | "secret" | "email" | "url" | "number" | "date" | "datetime-local" | "search";
  /** Follows the text, as the rest of a subdomain does. */
  suffix?: string;
  lines?: number;
  autoComplete?: string;
  disabled?: boolean;
  maxLength?: number | undefined;
  /** Which keys a phone shows. */
  inputMode?: "text" | "numeric" | "decimal" | "url" | "email";
}

export function TextField({ label, help, error, optional = false, value, onChange, onBlur, type = "text", suffix, lines, name, autoComplete = "off", disabled, maxLength, inputMode, hideLabel = false }: TextFieldProps) {
  const [shown, show] = useState(false);
  const secret = type === "secret";
  const control = { value, name, disabled, maxLength, autoComplete, onBlur, inputMode, spellCheck: secret ? false : undefined, required: !optional };
  return (
    <Frame label={label} help={help} error={error} optional={optional} hideLabel={hideLabel}>
      <div className={css.box}>
        {lines
          ? <Base.Control {...control} className={css.control} render={<textarea rows={lines} />} onChange={(event) => onChange(event.target.value)} />
          : <Base.Control {...control} className={css.control} type={secret ? (shown ? "text" : "password") : type} onChange={(event) => onChange(event.target.value)} />}
        {suffix && <span className={css.suffix}>{suffix}</span>}
        {secret && <IconButton name={shown ? `Hide ${label}` : `Show ${label}`} onClick={() => show(!shown)}>{shown ? <EyeOff /> : <Eye />}</IconButton>}
      </div>
    </Frame>
  );
}

export interface Choice {
  value: string;
  label: string;
}

/** One of a few: the browser's own list, which every phone and screen reader knows. */
export function SelectField({ label, help, error, optional = false, value, onChange, onBlur, choices, name, disabled, none = "Choose", hideLabel = false }: FrameProps & { name?: string; value: string; onChange: (value: string) => void; onBlur?: () => void; choices: Choice[]; disabled?: boolean; none?: string }) {
  return (
    <Frame label={label} help={help} error={error} optional={optional} hideLabel={hideLabel}>
      <div className={css.box}>
        <Base.Control className={css.control} value={value} name={name} disabled={disabled} onBlur={onBlur} render={
          <select onChange={(event) => onChange(event.target.value)}>
            {(optional || value === "") && <option value="">{none}</option>}
            {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
          </select>
        } />
      </div>
    </Frame>
  );
}

/** Any of a few. */
export function Checks({ label, help, error, optional = false, chosen, onChange, choices, name }: FrameProps & { name?: string; chosen: readonly string[]; onChange: (chosen: string[]) => void; choices: Choice[] }) {
  const id = useId();
  const described = [help ? `${id}-help` : "", error === undefined ? "" : `${id}-error`].join(" ").trim();
  return (
    <fieldset className={css.checks} aria-describedby={described || undefined}>
      <legend className={css.label}>{label}{optional && <span className={css.optional}>optional</span>}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className={css.check}>
          <input type="checkbox" name={name} checked={chosen.includes(choice.value)} onChange={(event) => onChange(event.target.checked ? [...chosen, choice.value] : chosen.filter((one) => one !== choice.value))} />
          {choice.label}
        </label>
      ))}
      {help && <p id={`${id}-help`} className={css.help}>{help}</p>}
      {error !== undefined && <p id={`${id}-error`} className={css.error}>{error}</p>}
    </fieldset>
  );
}

/** On or off, at once. The name of what it switches stands beside it. */
export function Switch({ label, help, checked, onChange, disabled = false, hideLabel = false }: { label: string; help?: ReactNode; checked: boolean; onChange: (is: boolean) => void; disabled?: boolean; hideLabel?: boolean }) {
  return (
    <label className={css.switchRow}>
      <BaseSwitch.Root checked={checked} onCheckedChange={onChange} disabled={disabled} className={css.switch} aria-label={hideLabel ? label : undefined}>
        <BaseSwitch.Thumb className={css.thumb} />
      </BaseSwitch.Root>
      {!hideLabel && <span><span className={css.switchLabel}>{label}</span>{help && <span className={css.help}>{help}</span>}</span>}
    </label>
  );
}

/** Label, help and error around any control of Base UI's `Field`. */
export function Frame({ label, help, error, optional = false, hideLabel = false, children }: FrameProps & { children: ReactNode }) {
  return (
    <Base.Root className={css.field} invalid={error !== undefined}>
      <Base.Label className={hideLabel ? "visually-hidden" : css.label}>{label}{optional && <span className={css.optional}>optional</span>}</Base.Label>
      {children}
      {help && <Base.Description className={css.help}>{help}</Base.Description>}
      {error !== undefined && <Base.Error match className={css.error}>{error}</Base.Error>}
    </Base.Root>
  );
}
