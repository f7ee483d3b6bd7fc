/** Buttons and links that look like them. One `primary` on a screen; `danger` only where something goes. */
import type { ButtonHTMLAttributes, ComponentProps, ReactNode } from "react";
import css from "./Button.module.css";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  /** Stands before the text. */
  icon?: ReactNode;
  /** Work is under way: the button keeps its width, cannot be pressed again, and says so. */
  busy?: boolean;
}

export function Button({ look = "plain", icon, busy = false, children, className, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={buttonClass(look, className)} disabled={disabled} aria-disabled={busy || undefined} aria-busy={busy || undefined} onClick={busy ? (event) => event.preventDefault() : rest.onClick}>
      {icon}
      {children}
    </button>
  );
}

/** A button that is an icon; its name is said, and shown on hover. */
export function IconButton({ name, children, className, ...rest }: ComponentProps<"button"> & { name: string }) {
  return (
    <button type="button" {...rest} aria-label={name} title={name} className={`${css.icon} ${className ?? ""}`}>
      {children}
    </button>
  );
}

/** The class of a link that looks like a button: `<Link className={buttonClass("primary")}>`. */
export function buttonClass(look: ButtonLook, more?: string): string {
  return [css.button, css[look], more].filter(Boolean).join(" ");
}
