/** Deleting a connection: says what goes and what stays before anything does. */
import type { Connection } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, client } from "~/api/client";
import { Confirm } from "~/ui/Dialog";
import { useToasts } from "~/ui/Toasts";
import css from "./DeleteConnection.module.css";

type Records = "remove" | "keep";

export function DeleteConnection({ connection, provider, onClose, onDeleted }: { connection: Pick<Connection, "id" | "name">; provider: string; onClose: () => void; onDeleted?: () => void }) {
  const [records, choose] = useState<Records>("remove");
  const group = useId();
  const queries = useQueryClient();
  const { say } = useToasts();
  const remove = useMutation({
    mutationFn: () => answer(client().DELETE("/v1/connections/{id}", { params: { path: { id: connection.id }, query: { records } } })),
    onSuccess: () => {
      say(`${connection.name} is deleted`);
      onClose();
      onDeleted?.();
      for (const key of ["connections", "catalog", "used", "pushes"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return (
    <Confirm open onClose={onClose} title={`Delete ${connection.name}?`} action="Delete connection" danger busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()}>
      <div className={css.sides}>
        <div>
          <h3>What is removed</h3>
          <ul>
            <li>our copy of the login; it is given back to {provider} where it takes that</li>
            <li>the schedules and settings of this connection</li>
            {records === "remove" && <li>the records that were read from it</li>}
          </ul>
        </div>
        <div>
          <h3>What stays</h3>
          <ul>
            <li>everything at {provider}, also what was sent there</li>
            <li>the list of what was sent</li>
            {records === "keep" && <li>the records that were read from it</li>}
          </ul>
        </div>
      </div>
      <fieldset className={css.choice}>
        <legend>Records that were read</legend>
        <label><input type="radio" name={group} checked={records === "remove"} onChange={() => choose("remove")} /> Remove them</label>
        <label><input type="radio" name={group} checked={records === "keep"} onChange={() => choose("keep")} /> Keep them here</label>
      </fieldset>
      <p>This cannot be undone. To stop for a while, switch the connection off instead.</p>
    </Confirm>
  );
}
