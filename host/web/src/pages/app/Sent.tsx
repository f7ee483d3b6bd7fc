/** Everything that was sent to providers, by all connections. What needs a person stands first. */
import { MessagesSquare, Send } from "lucide-react";
import { useState } from "react";
import { Button } from "~/ui/Button";
import { Page } from "~/ui/Page";
import { Empty } from "~/ui/States";
import { MeetingDialog, SendDialog } from "./send/dialogs";
import { PushTable } from "./sent/PushTable";
import { Ready } from "./sent/Ready";
import { Unknown } from "./sent/Unknown";

export function Sent() {
  const [sends, send] = useState(false);
  const [meets, meet] = useState(false);
  const button = (look: "primary" | "plain") => <Button look={look} icon={<Send aria-hidden="true" />} onClick={() => send(true)}>Send something</Button>;
  return (
    <Page title="Sent" lead="What was written to your systems: each item once." actions={<><Button icon={<MessagesSquare aria-hidden="true" />} onClick={() => meet(true)}>Send a meeting</Button>{button("primary")}</>}>
      <Unknown />
      <Ready />
      <PushTable empty={(filtered) => (filtered
        ? <Empty title="Nothing fits these filters">Items in other states, of other systems or of other kinds are hidden.</Empty>
        : <Empty title="Nothing was sent yet" action={button("plain")}>What your application sends to a connected system stands here with what became of it: a report in a client's folder, a note on a contact.</Empty>)} />
      <SendDialog open={sends} onClose={() => send(false)} />
      <MeetingDialog open={meets} onClose={() => meet(false)} />
    </Page>
  );
}
