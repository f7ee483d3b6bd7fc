/** Who is signed in, in the shell that is open. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, client, type Shell } from "./client";

export const session = (shell: Shell) =>
  queryOptions({
    queryKey: ["session", shell],
    queryFn: () => answer(client().GET("/v1/session")),
    staleTime: 60_000,
    retry: false,
  });

/** The session; `undefined` while it is asked for. */
export function useSession(shell: Shell) {
  return useQuery(session(shell)).data;
}
