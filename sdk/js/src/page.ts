/** A page of a stream: records, and where to go on. */

import { textOf, utf8 } from "./bytes.ts";
import { ConnectorError } from "./error.ts";
import { asText } from "./id.ts";
import { PAGE_BYTES, PAGE_RECORDS, Records } from "./records.ts";

/** Bytes of one cursor, at most. */
export const CURSOR_BYTES = 64 * 1024;

/** Where a stream stands after a page. The bytes are its cursor. */
export type Position =
  /** There is more; `read` is called again with this cursor. */
  | { tag: "more"; cursor: Uint8Array }
  /** A job at the provider is not ready; ask again with this cursor after so many milliseconds. */
  | { tag: "wait"; cursor: Uint8Array; waitMs: number }
  /** Up to date for now; the next run goes on from this cursor. */
  | { tag: "end"; cursor: Uint8Array }
  /** Every record was returned since the pass began; what was not is deleted. */
  | { tag: "complete"; cursor: Uint8Array };

/**
 * One page of a stream.
 *
 * The cursor is any JSON value, at most 64 KiB, that `request.cursor()` gives again. The host stores it together with the
 * records, so put all that the next call needs into it.
 */
export class Page {
  readonly records: Records;
  readonly position: Position;
  readonly #deleted: string[] = [];

  private constructor(records: Records, position: Position) {
    if (records.bytes > PAGE_BYTES || records.count > PAGE_RECORDS) {
      throw ConnectorError.invalidResponse("The provider sent more at once than fits into one page.").detail(
        `${records.count} records, ${records.bytes} bytes`,
      );
    }
    this.records = records;
    this.position = position;
  }

  /** There is more. The cursor must be another one than before. */
  static more(records: Records, cursor: unknown): Page {
    return new Page(records, { tag: "more", cursor: cursorBytes(cursor) });
  }

  /** A job at the provider is not ready: ask again after so many milliseconds. */
  static wait(cursor: unknown, waitMs: number): Page {
    return new Page(Records.empty(), { tag: "wait", cursor: cursorBytes(cursor), waitMs });
  }

  /** Up to date for now. */
  static end(records: Records, cursor: unknown): Page {
    return new Page(records, { tag: "end", cursor: cursorBytes(cursor) });
  }

  /** Every record was returned since the pass began. Only when that is sure: what was not returned is deleted. */
  static complete(records: Records, cursor: unknown): Page {
    return new Page(records, { tag: "complete", cursor: cursorBytes(cursor) });
  }

  /**
   * Adds keys that the provider says are gone, as the host spells them: a single text as it is, a single number as JSON,
   * several values as a JSON array.
   */
  deleted(keys: Iterable<string>): this {
    // One that no record can have, as an empty one, is the host's to leave out.
    this.#deleted.push(...Array.from(keys, (key) => asText(key, "a key given to `deleted`")));
    return this;
  }

  /** The keys that are gone. */
  get gone(): readonly string[] {
    return this.#deleted;
  }
}

/** A cursor as bytes. */
export function cursorBytes(cursor: unknown): Uint8Array {
  const text: string | undefined = JSON.stringify(cursor);
  if (text === undefined) {
    throw ConnectorError.other("The place where reading stopped cannot be kept.").detail(
      `a cursor is any JSON value, and ${typeof cursor} is none`,
    );
  }
  const bytes = utf8(text);
  if (bytes.length > CURSOR_BYTES) {
    throw ConnectorError.other("The place where reading stopped cannot be kept.").detail(
      `the cursor has ${bytes.length} bytes; at most ${CURSOR_BYTES} are allowed`,
    );
  }
  return bytes;
}

/** Bytes as the cursor that they were; `fits` says whether it has the shape that this release of the connector writes. */
export function readCursor<T>(bytes: Uint8Array | undefined, fits?: (value: unknown) => boolean): T | undefined {
  if (bytes === undefined) {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch {
    throw unreadable("no JSON");
  }
  if (fits !== undefined && !fits(value)) {
    throw unreadable("JSON of an unexpected shape");
  }
  return value as T;
}

function unreadable(what: string): ConnectorError {
  return ConnectorError.cursorInvalid("The place where reading stopped is not known any more.").detail(
    `the cursor is ${what}`,
  );
}
