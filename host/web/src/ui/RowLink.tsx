/**
 * A link in a row of a long table. The router's own link listens to every change of the address, so that it can tell whether
 * it is the page that is open: with two in each row, turning a page or sorting drew fifty links twice. No row is a page that
 * is open, so this one works its address out once and listens to nothing.
 */
import { useRouter, type ToOptions } from "@tanstack/react-router";
import { useMemo, type AnchorHTMLAttributes, type MouseEvent } from "react";

export interface RowLinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick"> {
  /** The page it opens. Keep its parts plain: it is compared as text. */
  way: ToOptions;
}

export function RowLink({ way, children, ...rest }: RowLinkProps) {
  const router = useRouter();
  const said = JSON.stringify(way);
  const href = useMemo(() => router.history.createHref(router.buildLocation(JSON.parse(said) as ToOptions).href), [router, said]);
  const open = (event: MouseEvent<HTMLAnchorElement>) => {
    // With a key held, or with another button, the browser does what a browser does with a link.
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate(way);
  };
  return <a {...rest} href={href} onClick={open} onPointerEnter={() => void router.preloadRoute(way).catch(() => undefined)}>{children}</a>;
}
