/** A text to carry elsewhere: whole, with a button that copies it. */
import { Check, Copy } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { Button } from "./Button";
import css from "./Copied.module.css";

export function CopyText({ label, text, help }: { label: string; text: string; help?: ReactNode }) {
  const [copied, set] = useState(false);
  const id = useId();
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      set(true);
      setTimeout(() => set(false), 1_500);
    });
  };
  return (
    <div className={css.field} role="group" aria-labelledby={id}>
      <span id={id} className={css.label}>{label}</span>
      <div className={css.box}>
        <code className={css.text}>{text}</code>
        <Button look="quiet" icon={copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />} onClick={copy} aria-label={`Copy ${label}`}>{copied ? "Copied" : "Copy"}</Button>
      </div>
      {help && <span className={css.help}>{help}</span>}
    </div>
  );
}

/** Copies a text that is shown elsewhere. */
export function CopyButton({ text, children }: { text: string; children: ReactNode }) {
  const [copied, set] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      set(true);
      setTimeout(() => set(false), 1_500);
    });
  };
  return <Button icon={copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />} onClick={copy}>{copied ? "Copied" : children}</Button>;
}

/** A secret that the host shows this one time, with what that means. */
export function Once({ label, text, children }: { label: string; text: string; children: ReactNode }) {
  return (
    <div className={css.once} role="status">
      <CopyText label={label} text={text} help={children} />
    </div>
  );
}
