/** The two files of a connector, whichever way they were chosen. */

export interface Chosen {
  component?: File;
  signature?: File;
}

/** A component is a few MiB; what is larger is another file by mistake. The host has the last word. */
const LARGEST = 64 * 1_024 * 1_024;
/** A signature is one small JSON document. */
const LARGEST_SIGNATURE = 64 * 1_024;

/** Adds files to what was chosen before; `wrong` says what cannot be one of the two. */
export function choose(before: Chosen, files: File[]): { chosen: Chosen; wrong?: string } {
  const chosen = { ...before };
  for (const file of files) {
    if (file.name.endsWith(".sig")) {
      if (file.size > LARGEST_SIGNATURE) return { chosen: before, wrong: `${file.name} is too large for a signature. Choose the .sig file that came with the connector.` };
      chosen.signature = file;
    } else if (file.name.endsWith(".wasm")) {
      if (file.size > LARGEST) return { chosen: before, wrong: `${file.name} is larger than any connector. Choose the packaged component.` };
      chosen.component = file;
    } else {
      return { chosen, wrong: `${file.name} is neither a connector (.wasm) nor a signature (.sig).` };
    }
  }
  return { chosen };
}
