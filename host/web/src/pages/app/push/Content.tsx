/** What an item says, by the titles of its schema; and as the JSON that it is. */
import type { PushDetail } from "@patchbay/client";
import { Download } from "lucide-react";
import { save } from "~/api/files";
import { Code } from "~/ui/Code";
import { Button } from "~/ui/Button";
import { Facts } from "~/ui/Facts";
import { bytes } from "~/ui/format";
import { Section } from "~/ui/Page";
import { Sheet } from "~/ui/Sheet";
import { useToasts } from "~/ui/Toasts";
import { linesOf } from "./content";
import css from "./Push.module.css";

export function Content({ push, schema }: { push: PushDetail; schema: unknown }) {
  const { failed } = useToasts();
  const lines = linesOf(schema, push.payload);
  return (
    <Section title="Content">
      <div className={css.stack}>
        {lines.length > 0 ? <Sheet lines={lines.map((line) => [line.title, <span key={line.name} className={css.text}>{line.text}</span>] as const)} /> : <p className={css.soft}>It has no text of its own.</p>}
        {push.attachments.length > 0 && (
          <Facts label="Files" facts={push.attachments.map((file) => ({
            name: file.media_type,
            value: <Button look="quiet" className={css.file} icon={<Download aria-hidden="true" />} aria-label={`Save ${file.name}`} onClick={() => void save(file.blob, file.name).catch(failed)}>{file.name}</Button>,
            note: bytes(file.size),
          }))} />
        )}
        <details className={css.json}><summary>As JSON</summary><Code text={JSON.stringify({ target: push.target, payload: push.payload }, null, 2)} /></details>
      </div>
    </Section>
  );
}
