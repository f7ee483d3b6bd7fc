/** One record, whole, as the connector sent it. */
import type { Record as StoredRecord } from "@patchbay/client";
import { useMemo } from "react";
import { CopyButton } from "~/ui/Copied";
import { SidePanel } from "~/ui/Dialog";
import { Facts } from "~/ui/Facts";
import { bytes } from "~/ui/format";
import { Ident, When } from "~/ui/Text";
import { Json } from "./Json";

export function RecordPanel({ record, title, account, onClose }: { record: StoredRecord; title: string; account: string | undefined; onClose: () => void }) {
  const text = useMemo(() => JSON.stringify(record.record, null, 2), [record.record]);
  return (
    <SidePanel open onClose={onClose} title={title} footer={<CopyButton text={text}>Copy JSON</CopyButton>}>
      <Facts label="About this record" facts={[
        { name: "Key", value: <Ident id={record.key} /> },
        ...(account === undefined ? [] : [{ name: "Account", value: account }]),
        { name: "First seen", value: <When at={record.first_seen_at} /> },
        { name: "Changed", value: <When at={record.updated_at} /> },
        { name: "Size", value: bytes(new TextEncoder().encode(text).length) },
      ]} />
      <Json text={text} label={`Record ${record.key}`} />
    </SidePanel>
  );
}
