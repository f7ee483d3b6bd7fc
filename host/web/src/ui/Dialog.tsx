/** A question in the way: only for what cannot be undone, or what switches something off. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "./Button";
import { Trouble } from "./States";
import css from "./Dialog.module.css";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** Buttons at its foot. */
  actions?: ReactNode;
  wide?: boolean;
}

export function Dialog({ open, onClose, title, children, actions, wide = false }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(is) => { if (!is) onClose(); }}>
      <Base.Portal>
        <Base.Backdrop className={css.backdrop} />
        <Base.Popup className={`${css.popup} ${wide ? css.wide : ""}`}>
          <Base.Title className={css.title}>{title}</Base.Title>
          <div className={css.body}>{children}</div>
          {actions && <div className={css.actions}>{actions}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** Asks before something goes. `action` names the thing: "Delete connection", never "OK". */
export function Confirm({ open, onClose, title, children, action, onConfirm, busy = false, danger = false, error }: Omit<DialogProps, "actions"> & { action: string; onConfirm: () => void; busy?: boolean; danger?: boolean; error?: unknown }) {
  return (
    <Dialog open={open} onClose={onClose} title={title} actions={<><Button onClick={onClose}>Keep as it is</Button><Button look={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>{action}</Button></>}>
      {children}
      {error !== undefined && error !== null && <Trouble error={error} />}
    </Dialog>
  );
}

/** A panel at the side, for something opened from a list: the list stays where it is. */
export function SidePanel({ open, onClose, title, children, footer, before, wide = false }: Omit<DialogProps, "actions"> & { footer?: ReactNode; /** Stands before the title, as a logo does. */ before?: ReactNode }) {
  return (
    <Base.Root open={open} onOpenChange={(is) => { if (!is) onClose(); }}>
      <Base.Portal>
        <Base.Backdrop className={css.backdrop} />
        <Base.Popup className={`${css.side} ${wide ? css.sideWide : ""}`}>
          <header className={css.sideHead}>
            {before}
            <Base.Title className={css.title}>{title}</Base.Title>
            <Base.Close render={<IconButton name="Close"><X /></IconButton>} />
          </header>
          <div className={css.sideBody}>{children}</div>
          {footer && <div className={css.actions}>{footer}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
