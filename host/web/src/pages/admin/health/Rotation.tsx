/** How far a rotation of keys is, and how one begins. */
import type { KeyRotation } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Confirm } from "~/ui/Dialog";
import { count, plural } from "~/ui/format";
import { Section } from "~/ui/Page";
import { ProgressBar } from "~/ui/ProgressBar";
import { Reason } from "~/ui/Reason";
import { Sheet } from "~/ui/Sheet";
import { Loading, Trouble } from "~/ui/States";
import { Status } from "~/ui/Status";
import { Ident, When } from "~/ui/Text";
import css from "./Rotation.module.css";

export function Rotation() {
  const { data, error, refetch } = useQuery({
    queryKey: ["key-rotation"], queryFn: () => answer(client().GET("/v1/key-rotation")),
    refetchInterval: (query) => (query.state.data?.state === "running" ? 1_000 : 30_000),
  });
  const [asked, ask] = useState(false);
  const old = useOld();
  const rotate = useMutation({
    mutationFn: () => answer(client().POST("/v1/key-rotation")),
    onSuccess: () => {
      ask(false);
      old("key-rotation");
    },
  });
  return (
    <Section title="Keys of this host" lead="Every credential is sealed with them." actions={data && data.state !== "running" && <Button onClick={() => { rotate.reset(); ask(true); }}>Rotate keys</Button>}>
      {error && !data ? <Trouble error={error} retry={() => void refetch()} /> : data ? <Shown rotation={data} /> : <Loading lines={2} />}
      <Confirm open={asked} onClose={() => ask(false)} title="Rotate the keys" action="Rotate keys" busy={rotate.isPending} error={rotate.error} onConfirm={() => rotate.mutate()}>
        <p>The key source is read again. Every data key is wrapped with its first key, and every secret is sealed again with a new data key. The host goes on serving meanwhile.</p>
        <p>Put the new key first in the key source before you begin, and keep the old one there until the rotation has ended.</p>
      </Confirm>
    </Section>
  );
}

function Shown({ rotation }: { rotation: KeyRotation }) {
  const { data_keys: keys, values } = rotation;
  return (
    <div className={css.rotation}>
      {rotation.error && <Reason reason={{ code: rotation.error.code, detail: rotation.error.title }} />}
      {rotation.state === "running" && (
        <>
          <ProgressBar label="Data keys" done={keys.rewrapped} total={keys.total}>{count(keys.rewrapped)} of {plural(keys.total, "data key")} wrapped again</ProgressBar>
          <ProgressBar label="Secrets" done={values.resealed} total={values.total}>{count(values.resealed)} of {plural(values.total, "secret")} sealed again</ProgressBar>
        </>
      )}
      <Sheet lines={[
        ["Rotation", rotation.state === "running" ? <Status key="state" state="running" /> : rotation.state === "failed" ? <Status key="state" state="failed" /> : rotation.finished_at ? <><Status state="done" /> <When at={rotation.finished_at} /></> : "None since the host started"],
        ["Key in use", <Ident key="key" id={rotation.key} />],
        rotation.retiring > 0 && ["Being retired", plural(rotation.retiring, "data key")],
        values.unreadable > 0 && ["Cannot be opened", `${plural(values.unreadable, "secret")}: they stay as they are, and the log names each. Their connections have to be connected again.`],
      ]} />
    </div>
  );
}
