/** A place to drop files on, which is a button to choose them too. */
import { Upload } from "lucide-react";
import { useId, useRef, useState, type DragEvent } from "react";
import { Button } from "./Button";
import css from "./Drop.module.css";

export interface DropProps {
  /** What is wanted: "Connector and its signature". */
  label: string;
  /** One line on which files. */
  help?: string;
  /** As of a file input: `.wasm,.sig`. */
  accept?: string;
  multiple?: boolean;
  onFiles: (files: File[]) => void;
}

export function Drop({ label, help, accept, multiple = false, onFiles }: DropProps) {
  const [over, set] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    set(false);
    const files = [...event.dataTransfer.files];
    if (files.length > 0) onFiles(multiple ? files : files.slice(0, 1));
  };
  return (
    <div className={css.drop} data-over={over || undefined} onDragOver={(event) => { event.preventDefault(); set(true); }} onDragLeave={() => set(false)} onDrop={drop}>
      <Upload aria-hidden="true" />
      <label className={css.label} htmlFor={id}>{label}</label>
      {help && <span className={css.help}>{help}</span>}
      <Button onClick={() => input.current?.click()}>Choose {multiple ? "files" : "a file"}</Button>
      <input
        ref={input} id={id} className="visually-hidden" type="file" accept={accept} multiple={multiple} tabIndex={-1}
        onChange={(event) => { onFiles([...(event.target.files ?? [])]); event.target.value = ""; }}
      />
    </div>
  );
}
