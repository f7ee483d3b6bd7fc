/** Reading a stream to where it stands, as a run does. */

import { textOf } from "../bytes.ts";
import type { Connector } from "../connector.ts";
import type { Context } from "../context.ts";
import type { Position } from "../page.ts";
import { ReadRequest } from "../read.ts";

/** What a run reads. */
export interface Reading {
  /** All records, parsed. */
  records: Record<string, unknown>[];
  /** Keys that the provider says are gone. */
  deleted: string[];
  /** How many pages it took. */
  pages: number;
  /** Where the stream stands; never `more`. */
  position: Position["tag"];
  /** Its cursor, as text. */
  cursor: string;
}

/** What a reading begins with. */
export interface Asked {
  stream: string;
  pageHint?: number;
  sinceMs?: number;
  /** The cursor of an earlier reading, as text or as the value that a page was given. */
  cursor?: unknown;
}

/**
 * Reads pages until the stream says `end`, `complete` or `wait`, and checks what the host checks: the count of each page, and
 * that no cursor comes twice.
 */
export function readAll(connector: Connector, ctx: Context, asked: Asked): Reading {
  const { stream, cursor: from, ...rest } = asked;
  const text = from === undefined ? undefined : typeof from === "string" ? from : JSON.stringify(from);
  const reading: Reading = { records: [], deleted: [], pages: 0, position: "end", cursor: text ?? "" };
  const seen = new Set(text === undefined ? [] : [text]);
  let cursor = text === undefined ? undefined : new Uint8Array(Buffer.from(text));
  for (;;) {
    const request = new ReadRequest(stream, { ...rest, ...(cursor === undefined ? {} : { cursor }) });
    const page = connector.read?.(ctx, request);
    if (page === undefined) {
      throw new Error("this connector has no `read`");
    }
    const records = JSON.parse(textOf(page.records.json())) as Record<string, unknown>[];
    if (records.length !== page.records.count) {
      throw new Error(`a page says ${page.records.count} records and holds ${records.length}`);
    }
    reading.records.push(...records);
    reading.deleted.push(...page.gone);
    reading.pages += 1;
    reading.position = page.position.tag;
    reading.cursor = textOf(page.position.cursor);
    if (page.position.tag !== "more") {
      return reading;
    }
    if (seen.has(reading.cursor)) {
      throw new Error(`a cursor came twice: ${reading.cursor}`);
    }
    seen.add(reading.cursor);
    cursor = new Uint8Array(page.position.cursor);
  }
}
