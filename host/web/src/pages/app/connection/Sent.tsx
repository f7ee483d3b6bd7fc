/** What was sent by one connection: what needs a person first, then everything. */
import { useState } from "react";
import { MessagesSquare, Send } from "lucide-react";
import { Button } from "~/ui/Button";
import { Empty } from "~/ui/States";
import { MeetingDialog, SendDialog } from "../send/dialogs";
import { PushTable } from "../sent/PushTable";
import { Ready } from "../sent/Ready";
import { Unknown } from "../sent/Unknown";
import css from "../sent/Sent.module.css";

/** Of the connection with this id. */
export function Sent({ connection }: { connection: string }) {
  const [sends, send] = useState(false);
  const [meets, meet] = useState(false);
  const button = <Button look="primary" icon={<Send aria-hidden="true" />} onClick={() => send(true)}>Send something</Button>;
  return (
    <>
      <div className={css.buttons}>{button}<Button icon={<MessagesSquare aria-hidden="true" />} onClick={() => meet(true)}>Send a meeting</Button></div>
      <Unknown connection={connection} />
      <Ready connection={connection} />
      <PushTable connection={connection} empty={(filtered) => (filtered
        ? <Empty title="Nothing fits these filters">Items in other states or of other kinds are hidden.</Empty>
        : <Empty title="Nothing was sent by this connection yet">Reports, notes and to-dos that your application sends, or that you send here, stand here with what became of each.</Empty>)} />
      <SendDialog open={sends} onClose={() => send(false)} connection={connection} />
      <MeetingDialog open={meets} onClose={() => meet(false)} connection={connection} />
    </>
  );
}
