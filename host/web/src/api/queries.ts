/** How long answers count, and what is asked again. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { attention } from "./attended";
import { Refused } from "./client";

export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that is over is noticed by whatever is asked next: the shell asks who is signed in, and says what to do.
    onError: (error, query) => {
      if (error instanceof Refused && error.problem.status === 401 && query.queryKey[0] !== "session") void queries.resetQueries({ queryKey: ["session"] });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // When somebody comes back to the page, and when the network does while somebody is here.
      refetchOnWindowFocus: true,
      refetchOnReconnect: attention.isHere,
      // What the host refused stays refused; what did not arrive is asked for again.
      retry: (failures, error) => failures < 2 && (!(error instanceof Refused) || error.problem.status === 0 || error.problem.status >= 500),
    },
    mutations: { retry: false },
  },
});
