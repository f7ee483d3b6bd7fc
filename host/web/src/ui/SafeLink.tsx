/** A link to an address that a provider or publisher wrote: to the web or to a mail address, in a window of its own; else only its words. */
import type { ReactNode } from "react";

/** The address, where it leads out and nowhere else: `javascript:` and the like are not followed. */
export function leadsOut(address: string | null | undefined, mail = false): string | undefined {
  if (!address) return undefined;
  try {
    // Without a base: what is relative would lead into this app.
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" || (mail && url.protocol === "mailto:") ? url.href : undefined;
  } catch {
    return undefined;
  }
}

export function SafeLink({ to, children, mail = false, className }: { to: string | null | undefined; children: ReactNode; mail?: boolean; className?: string }) {
  const address = leadsOut(to, mail);
  if (address === undefined) return <>{children}</>;
  return <a href={address} target="_blank" rel="noopener noreferrer" className={className}>{children}</a>;
}
