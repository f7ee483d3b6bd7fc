/** The requests that wrote an item at the provider, each of which is sent once. */
import type { PushDetail, PushStep } from "@patchbay/client";
import { DataTable, type Column } from "~/ui/DataTable";
import { Section } from "~/ui/Page";
import { SafeLink } from "~/ui/SafeLink";
import { Empty } from "~/ui/States";
import { Status, type Tone } from "~/ui/Status";
import { When } from "~/ui/Text";

const WORDS: Record<PushStep["state"], [string, Tone]> = {
  sending: ["Sending", "busy"], answered: ["Answered", "good"], open: ["Did nothing, may be sent again", "none"], lost: ["No answer came", "warn"], found: ["No answer came, found at the provider", "good"],
};

export function Steps({ push }: { push: PushDetail }) {
  const revised = push.steps.some((step) => step.revision > 1) || push.revision > 1;
  const columns: Column<PushStep>[] = [
    { id: "step", label: "Step", cell: (step) => step.step },
    ...(revised ? [{ id: "revision", label: "Version", number: true, cell: (step: PushStep) => step.revision }] : []),
    { id: "state", label: "State", cell: (step) => <Status state={step.state} word={WORDS[step.state][0]} tone={WORDS[step.state][1]} /> },
    { id: "status", label: "Answer", cell: (step) => step.status ?? "–" },
    { id: "sent", label: "Sent", cell: (step) => <When at={step.sent_at} /> },
    { id: "answered", label: "Answered", cell: (step) => <When at={step.answered_at} /> },
    { id: "request", label: "Request id", cell: (step) => (step.request_id ? <code title={step.request_id}>{step.request_id}</code> : "–") },
  ];
  return (
    <Section title="Requests" flush lead="What was written at the provider, request by request. One that was answered is never sent again; the request id helps the provider's support.">
      <DataTable label="Requests that wrote it" columns={columns} rows={push.steps} rowKey={(step) => `${step.revision} ${step.step}`} detail={more}
        empty={<Empty title="Nothing was sent yet">Each request that writes at the provider stands here, with its answer.</Empty>} />
    </Section>
  );
}

function more(step: PushStep) {
  if (!step.looked_absent_at && !step.object && step.reopened === 0) return null;
  return (
    <>
      {step.looked_absent_at && <p>The provider said that it does not have it, <When at={step.looked_absent_at} />. {step.reopened === 0 ? "It is asked once more before anything is sent again." : ""}</p>}
      {step.object && <p>Found at the provider as <SafeLink to={step.object.url}>{step.object.id}</SafeLink>.</p>}
      {step.reopened > 0 && <p>Sent again {step.reopened === 1 ? "once" : `${step.reopened} times`}, because the provider said twice that it does not have it.</p>}
    </>
  );
}
