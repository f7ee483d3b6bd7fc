/** Files to send with an item: dropped or chosen, each with how far its upload is. */
import { FileText, X } from "lucide-react";
import { Button, IconButton } from "~/ui/Button";
import { Drop } from "~/ui/Drop";
import { bytes } from "~/ui/format";
import { ProgressBar } from "~/ui/ProgressBar";
import { kindsOf } from "./files";
import type { FileOnItsWay, Files } from "./useFiles";
import css from "./Send.module.css";

export function FileFields({ files: all }: { files: Files }) {
  const { taken, files, error } = all;
  if (taken === null) return null;
  const many = taken.max > 1;
  const help = [`Takes ${kindsOf(taken.types)}`, many ? `up to ${taken.max} files` : "one file", taken.min === 0 ? "optional" : ""].filter(Boolean).join(" · ");
  return (
    <div className={css.files} role="group" aria-label="Files">
      {files.length < taken.max && <Drop label={many ? "Files" : "File"} help={help} accept={taken.types.join(",")} multiple={many} onFiles={all.add} />}
      {files.length > 0 && <ul className={css.fileList}>{files.map((one) => <Row key={one.key} one={one} all={all} />)}</ul>}
      {error && <p className={css.error} role="alert">{error}</p>}
    </div>
  );
}

function Row({ one, all }: { one: FileOnItsWay; all: Files }) {
  const { file, stored, trouble, share } = one;
  return (
    <li className={css.file} data-trouble={trouble !== undefined || undefined}>
      <FileText aria-hidden="true" />
      <div className={css.fileWords}>
        <span className={css.fileName}>{file.name}</span>
        {trouble !== undefined ? <span className={css.error}>{trouble}</span>
          : stored ? <span className={css.soft}>{bytes(file.size)}, uploaded</span>
            : <ProgressBar label={`Upload of ${file.name}`} done={share * file.size} total={file.size}>{bytes(share * file.size)} of {bytes(file.size)}</ProgressBar>}
      </div>
      {one.again && <Button look="quiet" onClick={() => all.again(one)}>Try again</Button>}
      <IconButton name={`Remove ${file.name}`} onClick={() => all.remove(one.key)}><X /></IconButton>
    </li>
  );
}
