/** One endpoint: how it stands, what can be done with it, and its deliveries. */
import type { Webhook } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm, Dialog } from "~/ui/Dialog";
import { Switch } from "~/ui/Field";
import { Section } from "~/ui/Page";
import { Sheet } from "~/ui/Sheet";
import { Status } from "~/ui/Status";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { Deliveries } from "./Deliveries";
import css from "./Endpoint.module.css";
import { EndpointForm, Secret } from "./EndpointForm";
import { kindWords } from "./kinds";
import { Replay } from "./Replay";

type Asked = "change" | "rotate" | "off" | "delete" | "replay";

export function Endpoint({ tenant, webhook }: { tenant: string; webhook: Webhook }) {
  const [asked, ask] = useState<Asked>();
  const old = useOld();
  const { say, failed } = useToasts();
  const path = { params: { path: { id: webhook.id } } };
  const close = () => ask(undefined);
  const toggle = useMutation({
    mutationFn: (enabled: boolean) => answer(client(tenant).PATCH("/v1/webhooks/{id}", { ...path, body: { enabled } })),
    onSuccess: () => { close(); old("webhooks"); },
    onError: failed,
  });
  const test = useMutation({
    mutationFn: () => answer(client(tenant).POST("/v1/webhooks/{id}/test", path)),
    onSuccess: () => { say("A test is on its way; see its delivery"); old("deliveries"); },
    onError: failed,
  });
  const rotate = useMutation({ mutationFn: () => answer(client(tenant).POST("/v1/webhooks/{id}/secret", path)), onSuccess: () => close() });
  const remove = useMutation({
    mutationFn: () => answer(client(tenant).DELETE("/v1/webhooks/{id}", path)),
    onSuccess: () => { say("The endpoint is deleted"); old("webhooks"); },
  });
  return (
    <Section
      title={webhook.description || hostOf(webhook.url)} flush
      actions={
        <>
          <Button busy={test.isPending} onClick={() => test.mutate()}>Send test</Button>
          <Button onClick={() => ask("replay")}>Tell again</Button>
          <Button onClick={() => ask("change")}>Change</Button>
          <Button onClick={() => { rotate.reset(); ask("rotate"); }}>Rotate secret</Button>
          <Button onClick={() => ask("delete")}>Delete</Button>
        </>
      }
    >
      <div className={css.about}>
        <Sheet lines={[
          ["Address", <code key="url">{webhook.url}</code>],
          ["Standing", <Standing key="standing" webhook={webhook} />],
          ["Is told", webhook.kinds.length === 0 ? "Everything" : webhook.kinds.map(kindWords).join(", ")],
          ["Last taken", <When key="taken" at={webhook.last_success_at} none="Never" />],
        ]} />
        <Switch label="Tell it what happens" checked={webhook.enabled} disabled={toggle.isPending} onChange={(is) => (is ? toggle.mutate(true) : ask("off"))} />
      </div>
      <Deliveries tenant={tenant} webhook={webhook} />
      {asked === "change" && <EndpointForm tenant={tenant} webhook={webhook} onClose={close} />}
      {asked === "replay" && <Replay tenant={tenant} webhook={webhook} onClose={close} />}
      {rotate.data && <Dialog open onClose={rotate.reset} title="The new signing secret" actions={<Button look="primary" onClick={rotate.reset}>I have stored it</Button>}><Secret text={rotate.data.secret} /><p>For 24 hours the secret before signs as well, so that nothing is refused while you change over.</p></Dialog>}
      <Confirm open={asked === "rotate"} onClose={close} title="Rotate the signing secret" action="Rotate secret" busy={rotate.isPending} error={rotate.error} onConfirm={() => rotate.mutate()}>
        <p>A new secret is made and shown once. The one before signs for 24 hours besides; after that, whoever checks with it refuses what comes.</p>
      </Confirm>
      <Confirm open={asked === "off"} onClose={close} title="Stop telling this endpoint" action="Switch off" busy={toggle.isPending} onConfirm={() => toggle.mutate(false)}>
        <p>What waits for it is sent when it is switched on again. What happens meanwhile is not queued; “Tell again” catches up on it, as far as events are kept.</p>
      </Confirm>
      <Confirm open={asked === "delete"} onClose={close} title="Delete this endpoint" action="Delete endpoint" danger busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()}>
        <p>{webhook.url} is told nothing any more. Its secrets and its list of deliveries go. The events themselves stay, and other endpoints go on.</p>
      </Confirm>
    </Section>
  );
}

function Standing({ webhook }: { webhook: Webhook }) {
  if (!webhook.enabled) return <><Status state="held" word="Switched off" tone={webhook.disabled_reason ? "bad" : "none"} />{webhook.disabled_reason && <p>{webhook.disabled_reason}</p>}</>;
  if (webhook.failing_since) return <><Status state="warning" word="Failing" /> since <When at={webhook.failing_since} />{webhook.last_status !== null && `, it answers ${webhook.last_status}`}</>;
  return <Status state="active" />;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
