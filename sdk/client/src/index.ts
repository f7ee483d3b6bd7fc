/**
 * A typed client of the Patchbay host API.
 *
 * ```ts
 * const patchbay = createClient({ baseUrl: "https://hub.example.com", key: process.env.PATCHBAY_KEY });
 * const { data, error } = await patchbay.GET("/v1/connections", { params: { query: { limit: 50 } } });
 * if (error) throw new PatchbayError(error);
 * ```
 *
 * Paths, parameters and answers are typed from the host's OpenAPI document; nothing is thrown for an answer of the
 * host: it is in `error`, with a stable `code`.
 */
import createFetchClient, { type Client } from "openapi-fetch";
import type { paths, ProblemBody } from "./schema.js";

export type * from "./schema.js";
export { events, type ServerEvent, type EventsOptions } from "./events.js";

/** How to reach a host, and as whom. */
export interface ClientOptions {
  /** Where the host is, `https://hub.example.com`. */
  baseUrl: string;
  /** An API key. Never in a browser: whoever reads the page has it. */
  key?: string;
  /** The tenant that an operator's calls are about, `ten_…`. */
  tenant?: string;
  /** In a browser, instead of a key: which session's cookie counts. */
  session?: "operator" | "portal";
  /** Another `fetch`, as for tests. */
  fetch?: typeof globalThis.fetch;
}

/** A client with one method for each HTTP method; see [openapi-fetch](https://openapi-ts.dev/openapi-fetch/). */
export type PatchbayClient = Client<paths>;

/** The headers that say who calls. */
export function callerHeaders(options: Omit<ClientOptions, "baseUrl" | "fetch">): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.key !== undefined) headers["Authorization"] = `Bearer ${options.key}`;
  if (options.tenant !== undefined) headers["Patchbay-Tenant"] = options.tenant;
  if (options.session !== undefined) headers["Patchbay-Session"] = options.session;
  return headers;
}

/** Makes a client. */
export function createClient(options: ClientOptions): PatchbayClient {
  return createFetchClient<paths>({
    baseUrl: options.baseUrl,
    headers: callerHeaders(options),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.session === undefined ? {} : { credentials: "same-origin" as const }),
  });
}

/** A refusal of the host (RFC 9457), for code that throws. */
export class PatchbayError extends Error {
  /** The whole problem. */
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    super(problem.detail);
    this.name = "PatchbayError";
    this.problem = problem;
  }

  /** The code, `PB5005`: stable, for programs to branch on. Its page is `/errors/{code}` of the host. */
  get code(): string {
    return this.problem.code;
  }
}
