/** Every address of the app on one page; each page is a file that is fetched when it is opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { AdminShell } from "./shell/Admin";
import { AppShell } from "./shell/App";
import { Nowhere, Broken } from "./shell/Nowhere";

/** What may stand in the query of an address: texts; a page reads the ones it knows. */
const texts = (search: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(search).flatMap(([name, value]) => (["string", "number", "boolean"].includes(typeof value) ? [[name, String(value)]] : [])));

const root = createRootRoute({ notFoundComponent: Nowhere, errorComponent: Broken, validateSearch: texts });
const top = <Path extends string>(path: Path, page: ReturnType<typeof lazyRouteComponent>) => createRoute({ getParentRoute: () => root, path, component: page });

const app = createRoute({ getParentRoute: () => root, id: "app-shell", component: AppShell });
const inApp = <Path extends string>(path: Path, page: ReturnType<typeof lazyRouteComponent>) => createRoute({ getParentRoute: () => app, path, component: page });

const admin = createRoute({ getParentRoute: () => root, id: "admin-shell", component: AdminShell });
const inAdmin = <Path extends string>(path: Path, page: ReturnType<typeof lazyRouteComponent>) => createRoute({ getParentRoute: () => admin, path, component: page });

const to = <Path extends string>(path: Path, target: "/app/integrations" | "/admin/connectors") =>
  createRoute({ getParentRoute: () => root, path, beforeLoad: () => { throw redirect({ to: target, replace: true }); } });

const tree = root.addChildren([
  to("/", "/app/integrations"),
  to("/app", "/app/integrations"),
  to("/admin", "/admin/connectors"),
  top("/app/enter", lazyRouteComponent(() => import("./pages/app/Enter"), "Enter")),
  top("/admin/sign-in", lazyRouteComponent(() => import("./pages/admin/SignIn"), "SignIn")),
  app.addChildren([
    inApp("/app/integrations", lazyRouteComponent(() => import("./pages/app/Integrations"), "Integrations")),
    inApp("/app/connections", lazyRouteComponent(() => import("./pages/app/Connections"), "Connections")),
    inApp("/app/connections/$connection", lazyRouteComponent(() => import("./pages/app/Connection"), "Connection")),
    inApp("/app/connections/$connection/runs/$run", lazyRouteComponent(() => import("./pages/app/Run"), "Run")),
    inApp("/app/used", lazyRouteComponent(() => import("./pages/app/Used"), "Used")),
    inApp("/app/sent", lazyRouteComponent(() => import("./pages/app/Sent"), "Sent")),
    inApp("/app/sent/$push", lazyRouteComponent(() => import("./pages/app/Push"), "Push")),
  ]),
  admin.addChildren([
    inAdmin("/admin/connectors", lazyRouteComponent(() => import("./pages/admin/Connectors"), "Connectors")),
    inAdmin("/admin/connectors/$connector", lazyRouteComponent(() => import("./pages/admin/Connector"), "Connector")),
    inAdmin("/admin/releases/$release", lazyRouteComponent(() => import("./pages/admin/Release"), "Release")),
    inAdmin("/admin/oauth-clients", lazyRouteComponent(() => import("./pages/admin/OauthClients"), "OauthClients")),
    inAdmin("/admin/publishers", lazyRouteComponent(() => import("./pages/admin/Publishers"), "Publishers")),
    inAdmin("/admin/tenants", lazyRouteComponent(() => import("./pages/admin/Tenants"), "Tenants")),
    inAdmin("/admin/tenants/$tenant", lazyRouteComponent(() => import("./pages/admin/Tenant"), "Tenant")),
    inAdmin("/admin/webhooks", lazyRouteComponent(() => import("./pages/admin/Webhooks"), "Webhooks")),
    inAdmin("/admin/audit", lazyRouteComponent(() => import("./pages/admin/Audit"), "Audit")),
    inAdmin("/admin/health", lazyRouteComponent(() => import("./pages/admin/Health"), "Health")),
  ]),
]);

/** A query as everybody writes it: the texts as they are, not as JSON. */
const readQuery = (query: string) => Object.fromEntries(new URLSearchParams(query));
const writeQuery = (search: Record<string, unknown>) => {
  const query = new URLSearchParams(Object.entries(texts(search))).toString();
  return query === "" ? "" : `?${query}`;
};

export const router = createRouter({ routeTree: tree, parseSearch: readQuery, stringifySearch: writeQuery, defaultPreload: "intent", scrollRestoration: true, defaultPendingMs: 100 });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
