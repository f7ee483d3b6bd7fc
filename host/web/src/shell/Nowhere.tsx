/** Addresses that lead nowhere, and pages that broke. */
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Page } from "~/ui/Page";
import { Empty, Trouble } from "~/ui/States";
import { buttonClass } from "~/ui/Button";

export function Nowhere() {
  const admin = location.pathname.startsWith("/admin");
  return (
    <main><Page title="There is no such page">
      <Empty title="The address leads nowhere" action={<Link to={admin ? "/admin/connectors" : "/app/integrations"} className={buttonClass("primary")}>Go to {admin ? "Connectors" : "Integrations"}</Link>}>It may have been mistyped, or what it showed is gone.</Empty>
    </Page></main>
  );
}

export function Broken({ error, reset }: ErrorComponentProps) {
  return <main><Page title="This page did not open"><Trouble error={error} retry={reset} /></Page></main>;
}
