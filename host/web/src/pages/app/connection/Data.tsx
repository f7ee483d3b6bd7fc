/** What is read: from which accounts, which streams and when, and the records that came of it. */
import type { ConnectionDetail } from "@patchbay/client";
import { Accounts } from "./Accounts";
import { DeadLetters } from "./DeadLetters";
import { Records } from "./Records";
import { Streams } from "./Streams";

export function Data({ connection }: { connection: ConnectionDetail }) {
  return (
    <>
      {connection.accounts.length > 0 && <Accounts connection={connection} />}
      <Streams connection={connection} />
      <Records connection={connection} />
      <DeadLetters connection={connection.id} />
    </>
  );
}
