/** The sandbox's host: the contract's imports. */

import * as blob from "patchbay:connector/blob@0.1.0";
import * as http from "patchbay:connector/http@0.1.0";
import * as run from "patchbay:connector/run@0.1.0";

import { Refused, type Host, type Http } from "../wire.ts";

/** The host, with 64-bit numbers as the engine wants them. */
export function imports(wide: (value: number) => number | bigint): Host {
  const narrow = (value: number | bigint | null | undefined): number | null => (value == null ? null : Number(value));
  return {
    send(request) {
      try {
        return http.send(request);
      } catch (error) {
        throw refused(error);
      }
    },
    nowMs: () => Number(run.nowMs()),
    random: (len) => run.random(Math.max(0, Math.min(len, 1_024))),
    remainingMs: () => Number(run.remainingMs()),
    shouldStop: () => run.shouldStop(),
    log: (level, message, fields) => run.log(level, message, fields),
    progress: (done, total) => run.progress(wide(whole(done)), total === null ? null : wide(whole(total))),
    stepRefused: (step) => run.stepRefused(step),
    stepKey: (step) => run.stepKey(step),
    blobSize: (id) => narrow(blob.size(id)),
    blobRead: (id, offset, len) => blob.read(id, wide(whole(offset)), len) ?? null,
    blobCreate: (mediaType) => blob.create(mediaType),
    blobAppend: (id, data) => blob.append(id, data),
  };
}

/** An `err` of `send`: thrown as it is, or inside an error that carries it. */
function refused(error: unknown): unknown {
  const held = (error as { payload?: unknown } | null)?.payload ?? error;
  const tag = (held as { tag?: unknown } | null)?.tag;
  if (typeof tag !== "string") {
    return error;
  }
  const trouble = held as Http.Trouble;
  return new Refused(trouble.tag === "too-large" ? { tag: "too-large", val: Number(trouble.val) } : trouble);
}

function whole(value: number): number {
  return Math.max(0, Math.floor(value)) || 0;
}
