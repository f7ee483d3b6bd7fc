/** What reading and picking are asked, and what they answer besides pages. */

import { ConnectorError } from "./error.ts";
import type { Id } from "./id.ts";
import { readCursor } from "./page.ts";

/** What one page is asked for. */
export class ReadRequest {
  /** The stream's name in the manifest. */
  readonly stream: string;
  /** How many records the host would like, 1 to 1,000. Fewer are fine. */
  readonly pageHint: number;
  /** Nothing that changed before is wanted, milliseconds since 1970; more may be returned. */
  readonly sinceMs: number | undefined;
  /** Where to go on, as bytes; `cursor()` reads them. */
  readonly cursorBytes: Uint8Array | undefined;

  constructor(stream: string, more: { cursor?: Uint8Array; pageHint?: number; sinceMs?: number } = {}) {
    this.stream = stream;
    this.pageHint = more.pageHint ?? 1_000;
    this.sinceMs = more.sinceMs;
    this.cursorBytes = more.cursor;
  }

  /** A request for a stream's first page. */
  static of(stream: string, more: { pageHint?: number; sinceMs?: number } = {}): ReadRequest {
    return new ReadRequest(stream, more);
  }

  /**
   * What the last page was given as its cursor; `undefined` at the start of a pass.
   *
   * A cursor that an older release wrote may have another shape. Say with `fits` which one you take: for every other the host
   * starts the stream afresh (`cursor-invalid`).
   */
  cursor<T>(fits?: (value: unknown) => boolean): T | undefined {
    return readCursor<T>(this.cursorBytes, fits);
  }

  /** How many records to ask the provider for, when it gives at most `ceiling`. */
  pageSize(ceiling: number): number {
    return Math.min(Math.max(this.pageHint, 1), Math.max(ceiling, 1));
  }

  /** The error for a stream that the connector does not have. */
  unsupported(): ConnectorError {
    return ConnectorError.unsupported(`This connector has no stream \`${this.stream}\`.`);
  }
}

/** What a picker is asked while a person types. */
export class PickRequest {
  /** The picker's name in the manifest. */
  readonly picker: string;
  /** What the person typed so far; may be empty. */
  readonly query: string;
  readonly #parents: ReadonlyMap<string, string>;
  readonly #cursor: Uint8Array | undefined;

  constructor(picker: string, query = "", parents: Iterable<readonly [string, string]> = [], cursor?: Uint8Array) {
    this.picker = picker;
    this.query = query;
    this.#parents = new Map(parents);
    this.#cursor = cursor;
  }

  /** Where to go on: what `next` of the answer before was. */
  cursor<T>(fits?: (value: unknown) => boolean): T | undefined {
    return readCursor<T>(this.#cursor, fits);
  }

  /** The id that was chosen in the picker that this one depends on. */
  parent(picker: string): string | undefined {
    return this.#parents.get(picker);
  }

  /** The error for a picker that the connector does not have. */
  unsupported(): ConnectorError {
    return ConnectorError.unsupported(`This connector has no picker \`${this.picker}\`.`);
  }
}

/** An answer to a picker. */
export interface Choices {
  /** In the order to show, at most 100. */
  items: Choice[];
  /** Where to go on, any JSON value; left out, or `null`, at the end. */
  next?: unknown;
}

/** One choice of a picker. */
export interface Choice {
  /** What becomes the target's `id` in a push. */
  id: Id;
  /** What the person reads. */
  label: string;
  /** What tells equal labels apart. */
  hint?: string | null | undefined;
}

/** A stream as the connector finds it for this connection. */
export interface StreamInfo {
  /** Its name: of the manifest, or with the prefix of `[discovered]`. */
  name: string;
  /** Its title, for people. */
  title: string;
  /** JSON pointers to the values that make a record's key. */
  key: string[];
  /** JSON Schema of a record; left out when nothing is promised. */
  schema?: object | undefined;
  /** Whether it is read once for each selected account. */
  perAccount?: boolean | undefined;
}
