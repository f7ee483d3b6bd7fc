/** Why a connection does not work as it should, below its row, with what mends it. */
import type { Connection } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { Button, buttonClass } from "~/ui/Button";
import { plural } from "~/ui/format";
import { standing, warningWords } from "../connection/remedy";
import css from "./Reasons.module.css";

/** Nothing where all is well: such a row does not open. */
export function reasonsOf(connection: Connection): { why: string; code?: string }[] {
  const { state, why, code } = standing(connection);
  if (why === undefined) return [];
  if (state === "warning") return connection.warnings.map((warning) => ({ why: warningWords(warning), code: warning.code }));
  return [{ why, ...(code && { code }) }];
}

export function Reasons({ connection, onReconnect }: { connection: Connection; onReconnect: () => void }) {
  const { state, remedy } = standing(connection);
  const more = state === "warning" ? connection.warning_count - connection.warnings.length : 0;
  return (
    <div className={css.reasons}>
      <ul>
        {reasonsOf(connection).map(({ why, code }) => (
          <li key={why}>{why}{code && <> <a className={css.code} href={`/errors/${code}`} target="_blank" rel="noreferrer">{code}</a></>}</li>
        ))}
        {more > 0 && <li>and {plural(more, "other stream")}</li>}
      </ul>
      {remedy && "tab" in remedy && <Link to="/app/connections/$connection" params={{ connection: connection.id }} search={{ tab: remedy.tab }} className={buttonClass("plain")}>{remedy.label}</Link>}
      {remedy && "do" in remedy && remedy.do === "reconnect" && <Button onClick={onReconnect}>{remedy.label}</Button>}
    </div>
  );
}
