/** What the logins of a connector ask the provider for: needed to register a client there. */
import type { LoginAsked } from "@patchbay/client";
import { Section } from "~/ui/Page";
import { Sheet } from "~/ui/Sheet";
import css from "./Logins.module.css";

export function Logins({ logins }: { logins: LoginAsked[] }) {
  return (
    <Section title="What the provider is asked for" lead="Some providers want these scopes named when the client is registered.">
      <div className={css.logins}>
        {logins.map((login) => (
          <div key={login.id} className={css.login}>
            <h3>{login.label}</h3>
            <Sheet lines={[
              login.authorize_url !== null && ["People consent at", <code key="authorize">{login.authorize_url}</code>],
              ["Tokens come from", <code key="token">{[...new Set(login.token_urls)].join(", ")}</code>],
              login.scopes.length > 0 && ["Scopes", (
                <ul key="scopes" className={css.scopes}>{login.scopes.map((scope) => <li key={scope.name}><code>{scope.name}</code> <span className={css.soft}>{scope.reason}</span></li>)}</ul>
              )],
            ]} />
          </div>
        ))}
      </div>
    </Section>
  );
}
