/** The shell of operators. */
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useRouterState } from "@tanstack/react-router";
import { Activity, Building2, KeyRound, PackageCheck, Plug, ScrollText, Webhook } from "lucide-react";
import { answer, client, problem } from "~/api/client";
import { session } from "~/api/session";
import { Page } from "~/ui/Page";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { Frame, type Way } from "./Frame";

const WAYS: Way[] = [
  { to: "/admin/connectors", label: "Connectors", icon: <Plug aria-hidden="true" /> },
  { to: "/admin/oauth-clients", label: "OAuth clients", icon: <KeyRound aria-hidden="true" /> },
  { to: "/admin/publishers", label: "Publishers", icon: <PackageCheck aria-hidden="true" /> },
  { to: "/admin/tenants", label: "Tenants", icon: <Building2 aria-hidden="true" /> },
  { to: "/admin/webhooks", label: "Webhooks", icon: <Webhook aria-hidden="true" /> },
  { to: "/admin/audit", label: "Audit", icon: <ScrollText aria-hidden="true" /> },
  { to: "/admin/health", label: "Health", icon: <Activity aria-hidden="true" /> },
];

export function AdminShell() {
  const { data, isPending, error, refetch } = useQuery(session("operator"));
  const here = useRouterState({ select: (state) => state.location.pathname });
  const toasts = useToasts();
  const leave = () => location.replace("/admin/sign-in");
  const end = (all: boolean) => {
    const call = all ? client().DELETE("/v1/sessions") : client().DELETE("/v1/session");
    // A new page: nothing of what was shown stays in memory. What failed is said: the session still stands.
    void answer(call).then(leave, (failure: unknown) => (problem(failure).status === 401 ? leave() : toasts.failed(failure)));
  };
  if (isPending) return <main><Page title="Patchbay"><Loading /></Page></main>;
  // Only the host says that nobody is signed in; a host that does not answer says nothing.
  if (data === undefined && problem(error).status !== 401) return <Page title="Patchbay"><Trouble error={error} retry={() => void refetch()} /></Page>;
  if (data === undefined) return <Navigate to="/admin/sign-in" search={{ then: here }} replace />;
  return (
    <Frame brand={<span>Patchbay</span>} ways={WAYS} who="Operator" onSignOut={() => end(false)} onSignOutEverywhere={() => end(true)}>
      <Outlet />
    </Frame>
  );
}
