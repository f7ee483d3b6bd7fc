/** The files of an item, uploaded while the rest of the form is filled in. */
import type { AttachmentsTaken, Blob as StoredFile } from "@patchbay/client";
import { useEffect, useRef, useState } from "react";
import { problem } from "~/api/client";
import { upload } from "~/api/files";
import { misfit } from "./files";

export interface FileOnItsWay {
  /** Of the row; the file has an id only once it is there. */
  key: number;
  file: File;
  /** 0 to 1. */
  share: number;
  stored?: StoredFile;
  /** Why it cannot go with the item. */
  trouble?: string | undefined;
  /** Whether to try again makes sense. */
  again?: boolean | undefined;
}

export type Files = ReturnType<typeof useFiles>;

export function useFiles(taken: AttachmentsTaken | null) {
  const [files, set] = useState<FileOnItsWay[]>([]);
  const [error, say] = useState<string>();
  const next = useRef(0);
  const stops = useRef(new Map<number, AbortController>());
  useEffect(() => {
    const all = stops.current;
    return () => all.forEach((stop) => stop.abort());
  }, []);
  const change = (key: number, to: Partial<FileOnItsWay>) => set((was) => was.map((one) => (one.key === key ? { ...one, ...to } : one)));

  const begin = ({ key, file }: FileOnItsWay) => {
    const stop = new AbortController();
    stops.current.set(key, stop);
    upload(file, (share) => change(key, { share }), stop.signal).then(
      (stored) => change(key, { stored, share: 1 }),
      (refused: unknown) => change(key, { trouble: problem(refused).detail, again: true }),
    );
  };
  const add = (chosen: File[]) => {
    if (taken === null) return;
    const room = Math.max(0, taken.max - files.length);
    say(chosen.length > room ? (taken.max === 1 ? "Only one file goes with an item." : `Only ${taken.max} files go with an item: the others were left out.`) : undefined);
    const fresh = chosen.slice(0, room).map((file): FileOnItsWay => {
      const trouble = misfit(file, taken.types);
      return { key: next.current++, file, share: 0, ...(trouble === undefined ? {} : { trouble }) };
    });
    set((was) => [...was, ...fresh]);
    fresh.filter((one) => one.trouble === undefined).forEach(begin);
  };
  const remove = (key: number) => {
    stops.current.get(key)?.abort();
    say(undefined);
    set((was) => was.filter((one) => one.key !== key));
  };
  const again = (one: FileOnItsWay) => {
    change(one.key, { trouble: undefined, again: undefined, share: 0 });
    begin(one);
  };
  /** The files as an item names them; nothing where one is not there yet, cannot go, or too few are there. */
  const read = (): { blob: string }[] | undefined => {
    if (taken === null) return [];
    if (files.some((one) => one.trouble !== undefined)) say("Remove what cannot be sent, or try again.");
    else if (files.some((one) => one.stored === undefined)) say("A file is still on its way: wait until it is there.");
    else if (files.length < taken.min) say(taken.min === 1 ? "Add a file: this kind of item is sent with one." : `Add at least ${taken.min} files.`);
    else {
      say(undefined);
      return files.flatMap((one) => (one.stored ? [{ blob: one.stored.id }] : []));
    }
    return undefined;
  };
  return { files, error, say, add, remove, again, read, taken };
}
