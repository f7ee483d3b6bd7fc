/** Files on their way to the host and back. `fetch` tells nothing of how far an upload is, so this is the older way. */
import type { Blob as StoredFile } from "@patchbay/client";
import { headersFor, problemOf, Refused, shellOf } from "./client";

/** Uploads a file; `progress` gets 0 to 1. Ends with a [`Refused`], also when the network fails. */
export function upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<StoredFile> {
  return new Promise((done, failed) => {
    const call = new XMLHttpRequest();
    call.open("POST", `/v1/blobs?name=${encodeURIComponent(file.name)}`);
    for (const [name, value] of Object.entries(headersFor(shellOf(location.pathname)))) call.setRequestHeader(name, value);
    call.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    call.onload = () => {
      const body = read(call.responseText);
      if (call.status === 201 && typeof body === "object" && body !== null && "id" in body) done(body as StoredFile);
      else failed(new Refused(problemOf(body, call.status)));
    };
    call.onerror = () => failed(new Refused({ ...problemOf(undefined, 0), title: "The upload broke off", detail: "The connection to the server was lost. Nothing of the file was kept. Try again." }));
    signal.addEventListener("abort", () => call.abort(), { once: true });
    call.send(file);
  });
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Saves a file of the host on the person's computer. A plain link would come without the header that says who asks. */
export async function save(blob: string, name: string): Promise<void> {
  const answered = await fetch(`/v1/blobs/${encodeURIComponent(blob)}/content`, { headers: headersFor(shellOf(location.pathname)), credentials: "same-origin" });
  if (!answered.ok) throw new Refused(problemOf(read(await answered.text()), answered.status));
  const address = URL.createObjectURL(await answered.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to save by then, and holds what it needs.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
