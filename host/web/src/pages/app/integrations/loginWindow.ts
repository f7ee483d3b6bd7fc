/**
 * Logging in in a window of its own, while this page waits and notices the end by itself. The end is learned from the API
 * alone: the two windows know nothing of each other, as the pages' isolation requires.
 */
import type { ConnectSession, NewConnectSession } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { attended } from "~/api/attended";
import { answer, client } from "~/api/client";
import { leadsOut } from "~/ui/SafeLink";

/** The window's name: a second login goes on in the same one. */
export const WINDOW = "patchbay-connect";
/** Room for the login page of a provider, which knows phones too. */
const SIZE = "popup,width=560,height=780";
/** Milliseconds between two looks at how the login stands. */
const LOOK = 1_500;

export interface LoginWanted {
  /** `publisher.name` */
  connector: string;
  /** The way to log in; where none is said, the person chooses in the window. */
  auth?: string;
  /** The connection that is repaired. */
  reconnect?: string;
}

export interface LoginWindow {
  /** Begins, in a click's own handler, or the browser takes the window for an advertisement. */
  start: (wanted: LoginWanted) => void;
  /** Stops waiting; the window stays as it is. */
  stop: () => void;
  /** Whether the window is being asked for. */
  beginning: boolean;
  /** Why it could not begin. */
  error: Error | null;
  /** What was begun. */
  made: NewConnectSession | undefined;
  /** How it stands; nothing before the first look. */
  session: ConnectSession | undefined;
  /** Whether the browser let the window open. */
  opened: boolean;
  /** Whether the host does not answer at the moment. */
  lost: boolean;
}

export function useLoginWindow(): LoginWindow {
  const [opened, setOpened] = useState(false);
  const begin = useMutation<NewConnectSession, Error, { wanted: LoginWanted; to: Window | null }>({
    mutationFn: ({ wanted }) => answer(client().POST("/v1/connect-sessions", { body: wanted })),
    onSuccess: (made, { to }) => {
      const address = leadsOut(made.url);
      if (to && address) to.location.replace(address);
    },
    onError: (_, { to }) => to?.close(),
  });
  const { data: made, mutate, reset } = begin;
  const { data: session, error: lost } = useQuery({
    queryKey: ["connect-session", made?.id],
    queryFn: () => answer(client().GET("/v1/connect-sessions/{id}", { params: { path: { id: made?.id ?? "" } } })),
    enabled: made !== undefined,
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : attended(LOOK)),
    // On a phone the other window hides this one.
    refetchIntervalInBackground: true,
  });
  // The window is opened by the click itself; its address comes later.
  const start = useCallback((wanted: LoginWanted) => {
    const to = window.open("", WINDOW, SIZE);
    setOpened(to !== null);
    mutate({ wanted, to });
  }, [mutate]);
  return { start, stop: reset, beginning: begin.isPending, error: begin.error, made, session: made && session, opened, lost: lost !== null };
}

/** Whether nothing more can come of it: a login that failed may be tried again in its window until it has ended. */
export function isOver(session: ConnectSession): boolean {
  return session.state === "done" || session.state === "expired" || (session.state === "failed" && session.ended_at !== null);
}
