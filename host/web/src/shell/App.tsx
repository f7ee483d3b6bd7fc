/** The shell of a tenant's people. */
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { Blocks, Cable, Send, ToggleRight } from "lucide-react";
import { useEffect } from "react";
import { answer, client, problem } from "~/api/client";
import { useLive } from "~/api/live";
import { session } from "~/api/session";
import { Page } from "~/ui/Page";
import { Loading, Empty, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { Frame, type Way } from "./Frame";
import { useBrand } from "./brand";

const WAYS: Way[] = [
  { to: "/app/integrations", label: "Integrations", icon: <Blocks aria-hidden="true" /> },
  { to: "/app/connections", label: "Connections", icon: <Cable aria-hidden="true" /> },
  { to: "/app/used", label: "Used systems", icon: <ToggleRight aria-hidden="true" /> },
  { to: "/app/sent", label: "Sent", icon: <Send aria-hidden="true" /> },
];

export function AppShell() {
  const { data, isPending, error, refetch } = useQuery(session("portal"));
  const brand = useBrand(data !== undefined);
  useLive(data !== undefined);
  useEffect(() => {
    const root = document.documentElement.style;
    if (brand?.accent) {
      root.setProperty("--accent", brand.accent);
      root.setProperty("--accent-text", brand.accentText);
    }
  }, [brand]);
  const toasts = useToasts();
  const leave = () => location.replace("/app/");
  const end = (all: boolean) => {
    const call = all ? client().DELETE("/v1/sessions") : client().DELETE("/v1/session");
    // A new page: nothing of what was shown stays in memory. What failed is said: the session still stands.
    void answer(call).then(leave, (failure: unknown) => (problem(failure).status === 401 ? leave() : toasts.failed(failure)));
  };
  if (isPending) return <main><Page title="Patchbay"><Loading /></Page></main>;
  // Only the host says that nobody is signed in; a host that does not answer says nothing.
  if (data === undefined && problem(error).status !== 401) return <Page title="Patchbay"><Trouble error={error} retry={() => void refetch()} /></Page>;
  if (data === undefined) {
    return (
      <main><Page title="You are not signed in">
        <Empty title="This page is opened from your own application">Go back to the application that you came from and open the integrations there again. A session ends by itself when it has not been used for an hour.</Empty>
      </Page></main>
    );
  }
  return (
    <Frame
      brand={<>{brand?.logo && <img src={brand.logo} alt="" />}<span>{brand?.name ?? data.tenant?.name ?? "Patchbay"}</span></>}
      // The brand is the tenant's own word, which could be anybody's name; whose session this is stands below the user.
      ways={WAYS} who={data.name ?? data.user ?? "Signed in"} of={brand?.name && brand.name !== data.tenant?.name ? data.tenant?.name : undefined} onSignOut={() => end(false)} onSignOutEverywhere={() => end(true)}
    >
      <Outlet />
    </Frame>
  );
}
