/**
 * Operators sign in: by the one-time address that the console prints (one click, so that a page that merely opens it
 * changes nothing), or by a token or key that they paste.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { LogIn } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";
import { answer, client, problem } from "~/api/client";
import { session } from "~/api/session";
import { Button, buttonClass } from "~/ui/Button";
import { TextField } from "~/ui/Field";
import { plural } from "~/ui/format";
import { Trouble } from "~/ui/States";
import { pathAfter, tokenIn, tokenOf } from "./signin/token";
import css from "./SignIn.module.css";

export function SignIn() {
  const router = useRouter();
  const queries = useQueryClient();
  const { then } = useSearch({ strict: false }) as Record<string, string | undefined>;
  const signedIn = useQuery(session("operator")).data !== undefined;
  const [carried, carry] = useState(() => tokenIn(location.hash));
  const [typed, type] = useState("");
  const [missing, miss] = useState(false);
  const wait = useWait();

  useEffect(() => {
    document.title = "Sign in · Patchbay";
    // The token is nobody else's business: not the history's, not a screenshot's.
    if (location.hash) window.history.replaceState(window.history.state, "", location.pathname + location.search);
  }, []);

  const enter = useMutation({
    mutationFn: (token: string) => answer(client().POST("/v1/operator-sessions", { body: { token } })),
    onSuccess: (opened) => {
      queries.clear();
      queries.setQueryData(session("operator").queryKey, opened);
      router.history.replace(pathAfter(then));
    },
    onError: (error) => {
      const { status, retry_after } = problem(error);
      if (status === 429) wait.begin(retry_after ?? 30);
      // A one-time token that was refused once is refused again.
      else if (status >= 400 && status < 500) carry(undefined);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = carried ?? tokenOf(typed);
    miss(token === "");
    if (token !== "" && wait.left === 0) enter.mutate(token);
  };
  const refused = enter.isError && problem(enter.error).status === 401;
  const goOn = signedIn && !carried;

  return (
    <main className={css.page}>
      <div className={css.card}>
        <div>
          <h1>Sign in to Patchbay</h1>
          <p className={css.soft}>{carried ? "Your one-time sign-in is ready. It works once, in this browser." : "For the people who operate this host."}</p>
        </div>
        {goOn && <p>You are signed in already. <Link to="/admin/connectors">Go to Connectors</Link></p>}
        <form onSubmit={submit} className={css.form} noValidate>
          {!carried && (
            <TextField
              label="One-time token or operator key" type="secret" value={typed} onChange={(text) => { type(text); miss(false); }} autoComplete="current-password"
              error={missing ? "Paste the token or key first." : undefined}
              help={<>Starts with <code>pbs_</code> or <code>pbo_</code>. The whole address from the console works too.</>}
            />
          )}
          {enter.isError && (
            wait.left > 0
              ? <Trouble error={enter.error} title={`Too many tries. Wait ${plural(wait.left, "second")}, then try again.`} />
              : <Trouble error={enter.error} title={refused ? "That token or key was not accepted" : undefined} />
          )}
          {refused && <p className={css.soft}>A sign-in address works once, and for a short time. Where the host runs, <code>patchbay sign-in</code> prints a new one.</p>}
          <Button type="submit" look="primary" busy={enter.isPending} disabled={wait.left > 0} icon={<LogIn aria-hidden="true" />}>Sign in</Button>
          {carried && <button type="button" className={buttonClass("quiet")} onClick={() => { carry(undefined); enter.reset(); }}>Use another token or a key</button>}
        </form>
        <details className={css.more}>
          <summary>Where do I find a token?</summary>
          <p>The host prints a sign-in address on its console when it starts for the first time. Where the host runs, <code>patchbay sign-in</code> prints another one. Somebody who is signed in can make one for you on the Health page.</p>
        </details>
      </div>
    </main>
  );
}

/** Seconds that the host said to wait, counted down. */
function useWait() {
  const [until, set] = useState(0);
  const [now, tick] = useState(Date.now);
  const left = Math.max(0, Math.ceil((until - now) / 1_000));
  useEffect(() => {
    if (left === 0) return;
    const timer = setInterval(() => tick(Date.now()), 500);
    return () => clearInterval(timer);
  }, [left]);
  return {
    left,
    begin: (seconds: number) => {
      tick(Date.now());
      set(Date.now() + seconds * 1_000);
    },
  };
}
