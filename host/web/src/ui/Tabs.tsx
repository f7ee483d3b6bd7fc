/** Tabs whose choice stands in the address. */
import { Tabs as Base } from "@base-ui/react/tabs";
import { Suspense, type ReactNode } from "react";
import { Loading } from "./States";
import css from "./Tabs.module.css";

export interface Tab {
  id: string;
  label: ReactNode;
  content: ReactNode;
}

export function Tabs({ tabs, value, onChange, label }: { tabs: Tab[]; value: string; onChange: (id: string) => void; label: string }) {
  return (
    <Base.Root value={value} onValueChange={(id) => onChange(String(id))} className={css.root}>
      <Base.List className={css.list} aria-label={label}>
        {tabs.map((tab) => <Base.Tab key={tab.id} value={tab.id} className={css.tab}>{tab.label}</Base.Tab>)}
      </Base.List>
      {tabs.map((tab) => <Base.Panel key={tab.id} value={tab.id} className={css.panel}><Suspense fallback={<Loading lines={6} />}>{tab.content}</Suspense></Base.Panel>)}
    </Base.Root>
  );
}
