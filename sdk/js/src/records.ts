/**
 * Records on their way into a page: a JSON array that is built by copying the provider's text.
 *
 * ```ts
 * Page.end(answer.records("/items"), cursor);                     // as they came, byte for byte
 *
 * const records = Records.empty();
 * for (const row of answer.rows("/items")) {
 *   if (!row.value.hidden) records.push(row, { company_id: "7" });  // as it came, with a member in front
 * }
 * ```
 *
 * What a connector writes itself goes in as an object, and then as `JSON.stringify` writes it.
 */

import { binary, fromBinary, textOfBinary, utf8 } from "./bytes.ts";
import { ConnectorError } from "./error.ts";
import { elements, members } from "./scan.ts";

/** Bytes of one page of records, at most. */
export const PAGE_BYTES = 8 * 1024 * 1024;
/** Records of one page, at most. */
export const PAGE_RECORDS = 1_000;
/** Bytes of one record, at most. */
export const RECORD_BYTES = 1024 * 1024;

/** One of a provider's records: what it says, and its own text. */
export class Row<T = Record<string, unknown>> {
  readonly value: T;
  readonly #text: string;

  /** For the SDK: a parsed value and its text, one letter a byte. */
  constructor(value: T, text: string) {
    this.value = value;
    this.#text = text;
  }

  /** For the SDK: its text, one letter a byte. */
  static text(row: Row<unknown>): string {
    return row.#text;
  }
}

/** Members to put into a record, in front of its own; a member that it has already is replaced. */
export type Members = Record<string, string>;

export class Records {
  readonly #parts: Uint8Array[] = [];
  #pending: string[] = [];
  #count = 0;
  #bytes = 2;
  #whole = false;

  /** No records yet. */
  static empty(): Records {
    return new Records();
  }

  /** These records, in this order. */
  static of(rows: Iterable<Row<unknown> | object>): Records {
    const records = new Records();
    for (const row of rows) {
      records.push(row);
    }
    return records;
  }

  /** For the SDK: a whole JSON array that was parsed already. */
  static whole(bytes: Uint8Array, values: readonly unknown[]): Records {
    const records = new Records();
    values.forEach(mustBeObject);
    if (bytes.length > RECORD_BYTES) {
      const text = binary(bytes);
      elements(text, text.indexOf("[")).forEach(([start, end]) => mustFit(end - start));
    }
    records.#parts.push(bytes);
    records.#count = values.length;
    records.#bytes = bytes.length;
    records.#whole = true;
    return records;
  }

  /** Adds a record: one of the provider's as it stands, or an object of the connector's own. */
  push(row: Row<unknown> | object, more: Members = {}): void {
    let text: string;
    if (row instanceof Row) {
      mustBeObject(row.value);
      text = withMembers(Row.text(row), more);
    } else {
      mustBeObject(row);
      const own = Object.fromEntries(Object.entries(row).filter(([name]) => !Object.hasOwn(more, name)));
      text = letters(JSON.stringify({ ...more, ...own }));
    }
    mustFit(text.length);
    if (this.#whole) {
      this.#unfold();
    }
    this.#bytes += text.length + (this.#count > 0 ? 1 : 0);
    this.#pending.push(text);
    this.#count += 1;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The JSON array. */
  json(): Uint8Array {
    const [whole] = this.#parts;
    return this.#whole && whole !== undefined ? whole : fromBinary(`[${this.#pending.join(",")}]`);
  }

  /** A whole array as single records, so that further ones can follow. */
  #unfold(): void {
    const text = binary(this.json());
    this.#pending = elements(text, text.indexOf("[")).map(([start, end]) => text.slice(start, end));
    this.#bytes = this.#pending.reduce((sum, one) => sum + one.length + 1, 1);
    this.#parts.length = 0;
    this.#whole = false;
  }
}

/** The object's text with members put before its own. */
function withMembers(text: string, more: Members): string {
  const added = Object.entries(more);
  if (added.length === 0) {
    return text;
  }
  const kept = members(text, 0)
    .filter(({ name }) => !Object.hasOwn(more, JSON.parse(textOfBinary(text.slice(...name))) as string))
    .map(({ name, value }) => `${text.slice(...name)}:${text.slice(...value)}`);
  const put = added.map(([name, value]) => letters(`${JSON.stringify(name)}:${JSON.stringify(value)}`));
  return `{${[...put, ...kept].join(",")}}`;
}

/** A text as its bytes, one letter each. */
function letters(text: string): string {
  // ASCII is its own bytes.
  return /[^\x00-\x7f]/.test(text) ? binary(utf8(text)) : text;
}

function mustBeObject(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw ConnectorError.invalidResponse("The provider's list holds something that is no record.");
  }
}

function mustFit(bytes: number): void {
  if (bytes > RECORD_BYTES) {
    throw ConnectorError.invalidResponse("The provider sent a record that is too large.").detail(
      `${bytes} bytes; at most ${RECORD_BYTES} are allowed`,
    );
  }
}
