/** The one client of the host's API: nothing else in this app calls the network. */
import { callerHeaders, createClient, type PatchbayClient, type ProblemBody } from "@patchbay/client";

/** Which of the two signed-in parts of the app this is; it says which cookie counts. */
export type Shell = "operator" | "portal";

/** The shell that an address belongs to. */
export function shellOf(path: string): Shell {
  return path.startsWith("/admin") ? "operator" : "portal";
}

/** A refusal of the host, or no answer at all, as something to throw and to show. */
export class Refused extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail);
    this.name = "Refused";
  }
}

/** What is shown when the host cannot be reached. */
const UNREACHABLE: ProblemBody = {
  type: "about:blank", title: "The host does not answer", status: 0, code: "",
  detail: "The server could not be reached. What you see may be out of date. Check your connection; this page tries again by itself.",
  errors: [], operator: null, retry_after: null,
};

/** Who calls, for the client and for streams. `tenant` only for operators, who name the tenant they look at. */
export function headersFor(shell: Shell, tenant?: string): Record<string, string> {
  return callerHeaders({ session: shell, ...(tenant === undefined ? {} : { tenant }) });
}

const clients = new Map<string, PatchbayClient>();

/** The client of the shell that is open. */
export function client(tenant?: string): PatchbayClient {
  const shell = shellOf(location.pathname);
  const known = `${shell} ${tenant ?? ""}`;
  let found = clients.get(known);
  if (found === undefined) {
    found = createClient({ baseUrl: location.origin, session: shell, ...(tenant === undefined ? {} : { tenant }) });
    clients.set(known, found);
  }
  return found;
}

/** The answer of a call, or a thrown [`Refused`]: what queries and mutations return. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch((): { error: ProblemBody; response: Response; data?: T } => ({
    error: UNREACHABLE, response: Response.error(),
  }));
  if (error !== undefined || response.type === "error") throw new Refused(problemOf(error, response.status));
  return data as T;
}

/** A problem of whatever was answered: a proxy in between may answer HTML. */
export function problemOf(error: unknown, status: number): ProblemBody {
  if (typeof error === "object" && error !== null && "detail" in error && "code" in error) return error as ProblemBody;
  return { ...UNREACHABLE, status, title: "The answer could not be read", detail: `Something between you and the server answered (status ${status}).` };
}

/** What to show of anything that was thrown. */
export function problem(thrown: unknown): ProblemBody {
  if (thrown instanceof Refused) return thrown.problem;
  return { ...UNREACHABLE, title: "This page ran into a mistake of ours", detail: thrown instanceof Error ? thrown.message : String(thrown) };
}
