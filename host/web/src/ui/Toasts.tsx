/** Short words about what was just done, where the page itself does not show it. */
import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { problem } from "~/api/client";
import { IconButton } from "./Button";
import css from "./Toasts.module.css";

export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider timeout={6_000}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className={css.viewport}><List /></Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={css.toast} data-type={toast.type}>
      <Toast.Content className={css.content}>
        <div>
          <Toast.Title className={css.title} />
          <Toast.Description className={css.words} />
        </div>
        {toast.actionProps && <Toast.Action className={css.action} />}
        <Toast.Close render={<IconButton name="Dismiss"><X /></IconButton>} />
      </Toast.Content>
    </Toast.Root>
  ));
}

/** Says something. `failed` takes whatever was thrown. */
export function useToasts() {
  const toasts = Toast.useToastManager();
  return {
    say: (title: string, undo?: { label: string; onClick: () => void }) => {
      toasts.add({ title, ...(undo ? { actionProps: { children: undo.label, onClick: undo.onClick } } : {}) });
    },
    failed: (error: unknown) => {
      const { title, detail } = problem(error);
      // Not of high priority: the component hides such a toast from assistive technology while its buttons can be focused.
      toasts.add({ title, description: detail, type: "error", timeout: 12_000 });
    },
  };
}
