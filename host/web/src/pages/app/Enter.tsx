/**
 * Where a tenant's application sends its people: the one-time token behind the `#` becomes a session. A link that
 * somebody else sent must not put a person into a stranger's session unseen, so who is signed in already is asked first.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { answer, client, problem } from "~/api/client";
import { session } from "~/api/session";
import { Button } from "~/ui/Button";
import { Loading, Trouble } from "~/ui/States";
import { tokenOf } from "./enter/token";
import css from "./Enter.module.css";

export function Enter() {
  // Read before it is taken out of the address, where history and screenshots would keep it.
  const [token] = useState(() => tokenOf(location.hash));
  useEffect(() => {
    document.title = "Sign in · Patchbay";
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  }, []);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const go = () => void navigate({ to: "/app/integrations", replace: true });
  const before = useQuery(session("portal"));
  const enter = useMutation({
    mutationFn: (wanted: string) => answer(client().POST("/v1/portal-sessions/enter", { body: { token: wanted } })),
    onSuccess: (now) => {
      // Nothing of whoever was here before is shown to whoever comes now.
      queries.clear();
      queries.setQueryData(session("portal").queryKey, now);
      go();
    },
  });
  const { mutate } = enter;
  // Only the host says that nobody is signed in; without its word somebody may be.
  const alone = !before.isPending && before.data === undefined && problem(before.error).status === 401;
  // The token is good once: a second call would refuse what the first one got.
  const begun = useRef(false);
  const begin = useEffectEvent(() => {
    if (!token || begun.current) return;
    begun.current = true;
    mutate(token);
  });
  useEffect(() => {
    if (alone) begin();
  }, [alone]);

  return <main className={css.page}>{content()}</main>;

  function content() {
    if (enter.error) {
      const { status } = problem(enter.error);
      // A host that did not answer, or is in trouble, said nothing about the link.
      const refused = status >= 400 && status < 500 && status !== 429;
      return (
        <>
          <h1>{refused ? "This link no longer works" : "You could not be signed in"}</h1>
          <Trouble error={enter.error} retry={refused || !token ? undefined : () => mutate(token)} />
          {refused && <p>A link can be used once, within five minutes. Go back to the application that you came from and open the integrations there again.</p>}
          {before.data && <Button onClick={go}>Stay signed in as {before.data.name ?? before.data.user}</Button>}
        </>
      );
    }
    if (before.data && !token) {
      return (
        <>
          <h1>You are signed in as {before.data.name ?? before.data.user ?? "yourself"}</h1>
          <p>The address that you opened holds nothing to sign in with, and nothing has changed.</p>
          <div className={css.buttons}><Button look="primary" onClick={go}>Go to Integrations</Button></div>
        </>
      );
    }
    if (before.data && !enter.isPending && !enter.isSuccess) {
      const who = before.data.name ?? before.data.user ?? "Somebody";
      return (
        <>
          <h1>Switch to the session of this link?</h1>
          <p><strong>{who}</strong>{before.data.tenant && <> of <strong>{before.data.tenant.name}</strong></>} is signed in here. The link that you opened begins another session, and this one ends in this browser.</p>
          <p>If you did not just come from your own application, stay: somebody else may have sent you the link.</p>
          <div className={css.buttons}>
            <Button onClick={go}>Stay signed in as {who}</Button>
            <Button look="primary" onClick={() => token && mutate(token)}>Switch</Button>
          </div>
        </>
      );
    }
    if (!token && !before.isPending) {
      return (
        <>
          <h1>This link holds nothing to sign in with</h1>
          <p>Go back to the application that you came from and open the integrations there again.</p>
        </>
      );
    }
    if (before.error && !alone) {
      return (
        <>
          <h1>You could not be signed in yet</h1>
          <Trouble error={before.error} retry={() => void before.refetch()} />
        </>
      );
    }
    return <><h1>Signing you in</h1><Loading lines={3} /></>;
  }
}
