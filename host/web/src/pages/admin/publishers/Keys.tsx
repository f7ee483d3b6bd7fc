/** The keys of one publisher, each with whether what it signs is taken. */
import type { Publisher, PublisherKey } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { DataTable, type Column } from "~/ui/DataTable";
import { Confirm } from "~/ui/Dialog";
import { Tag } from "~/ui/Tag";
import { Ident, When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { shortened } from "../actor";
import css from "./Keys.module.css";

const STATES: Record<PublisherKey["state"], { word: string; tone: "good" | "warn" | "bad" }> = {
  trusted: { word: "Trusted", tone: "good" }, seen: { word: "Only seen", tone: "warn" }, revoked: { word: "Revoked", tone: "bad" },
};

export function Keys({ publisher }: { publisher: Publisher }) {
  const [asked, ask] = useState<{ key: PublisherKey; what: "trust" | "revoke" }>();
  const old = useOld();
  const { say } = useToasts();
  const change = useMutation({
    mutationFn: ({ key, what }: { key: PublisherKey; what: "trust" | "revoke" }) =>
      answer(what === "trust"
        ? client().POST("/v1/publishers/{publisher}/keys", { params: { path: { publisher: publisher.id } }, body: { key: key.key } })
        : client().DELETE("/v1/publishers/{publisher}/keys/{fingerprint}", { params: { path: { publisher: publisher.id, fingerprint: key.fingerprint } } })),
    onSuccess: (_, { what }) => {
      ask(undefined);
      say(what === "trust" ? "The key is trusted" : "The key is revoked");
      old("publishers", "connectors", "release");
    },
  });
  const open = (key: PublisherKey, what: "trust" | "revoke") => {
    change.reset();
    ask({ key, what });
  };
  const columns: Column<PublisherKey>[] = [
    { id: "fingerprint", label: "Fingerprint", cell: (key) => <span className={css.fingerprint}><Ident id={key.fingerprint} whole /></span> },
    { id: "state", label: "State", cell: (key) => <Tag tone={STATES[key.state].tone}>{STATES[key.state].word}</Tag> },
    { id: "seen", label: "Here since", cell: (key) => <When at={key.seen_at} /> },
    { id: "by", label: "Decided", cell: (key) => (key.state === "revoked" ? <><When at={key.revoked_at} /> {key.revoked_by && `by ${shortened(key.revoked_by)}`}</> : key.state === "trusted" ? <><When at={key.trusted_at} /> {key.trusted_by && `by ${shortened(key.trusted_by)}`}</> : "–") },
    {
      id: "actions", label: "Actions", silent: true, number: true, cell: (key) => (key.state === "trusted"
        ? <Button look="quiet" aria-label={`Revoke ${key.fingerprint}`} onClick={() => open(key, "revoke")}>Revoke</Button>
        : <Button look="quiet" aria-label={`Trust${key.state === "revoked" ? " again" : ""} ${key.fingerprint}`} onClick={() => open(key, "trust")}>Trust{key.state === "revoked" && " again"}</Button>),
    },
  ];
  return (
    <>
      <DataTable label={`Keys of ${publisher.id}`} columns={columns} rows={publisher.keys} rowKey={(key) => key.fingerprint} empty={null} />
      <Confirm open={asked?.what === "revoke"} onClose={() => ask(undefined)} title={`Revoke this key of ${publisher.id}`} action="Revoke key" danger busy={change.isPending} error={change.error} onConfirm={() => asked && change.mutate(asked)}>
        <p>{asked && <Ident id={asked.key.fingerprint} whole />}</p>
        <p>Nothing that it signed is taken into use for the first time any more. Releases that were in use before stay, can be rolled back to, and are shown as signed by a revoked key.</p>
      </Confirm>
      <Confirm open={asked?.what === "trust"} onClose={() => ask(undefined)} title={`Trust this key of ${publisher.id}`} action="Trust key" busy={change.isPending} error={change.error} onConfirm={() => asked && change.mutate(asked)}>
        <p>{asked && <Ident id={asked.key.fingerprint} whole />}</p>
        <p>Connectors {publisher.id}.… that it signs are taken from now on. Compare the fingerprint with what the publisher shows on a page of its own first.{asked?.key.state === "revoked" && " This ends the revocation."}</p>
      </Confirm>
    </>
  );
}
