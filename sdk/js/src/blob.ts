/**
 * Bytes that the host keeps, for files that do not fit through a call.
 *
 * To send a file, name its blob in the request; its bytes then never enter the connector. An id belongs to one connection and
 * one run.
 */

import { host } from "./host.ts";

/** Its size in bytes; `undefined` when the id means nothing here. */
export function size(blob: string): number | undefined {
  return host().blobSize(blob) ?? undefined;
}

/** Up to `len` bytes from `offset`, at most 1 MiB a call; `undefined` when the id means nothing here. */
export function read(blob: string, offset: number, len: number): Uint8Array | undefined {
  return host().blobRead(blob, offset, len) ?? undefined;
}

/** Begins an empty blob of this media type and gives its id. */
export function create(mediaType: string): string {
  return host().blobCreate(mediaType);
}

/** Adds bytes to a blob that this run created; false when it is not this run's, or is full. */
export function append(blob: string, data: Uint8Array): boolean {
  return host().blobAppend(blob, data);
}
