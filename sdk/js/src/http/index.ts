/**
 * Requests to the provider, through the host's egress gate.
 *
 * The gate fills in the credential, waits for the declared rate, refreshes an expired token, retries what may be retried and
 * obeys `Retry-After`. So there is no retry, no waiting and no `await` here: send, look at the status, read.
 *
 * ```ts
 * const user = http.get("https://api.acme.example/v1/me").query("fields", "id,name").send().orFail().json<User>();
 *
 * http.post("https://api.acme.example/v1/notes")
 *   .json({ text: "Hello", by: user.id })
 *   .effect("write")
 *   .step("create")
 *   .send()
 *   .orFail();
 * ```
 */

export { address, del as delete, fetch, get, head, patch, post, put, request } from "./request.ts";
export type { Credential, Effect, Options, Pairs, Part, Request } from "./request.ts";
export type { Response } from "./response.ts";
