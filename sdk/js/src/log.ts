/**
 * Lines in the run's log, which an operator reads.
 *
 * Put what varies into fields and keep the message the same, so that one search finds all. Never log a record.
 *
 * ```ts
 * log.info("skipped a company that is hidden", { company: 398211 });
 * ```
 */

import { host } from "./host.ts";

/** Names and values. */
export type Fields = Record<string, unknown>;

/** Something failed. */
export function error(message: string, fields: Fields = {}): void {
  line(1, message, fields);
}

/** Something is odd, and the run goes on. */
export function warn(message: string, fields: Fields = {}): void {
  line(2, message, fields);
}

/** Something that an operator wants to know. */
export function info(message: string, fields: Fields = {}): void {
  line(3, message, fields);
}

/** Something that the connector's author wants to know. */
export function debug(message: string, fields: Fields = {}): void {
  line(4, message, fields);
}

function line(level: number, message: string, fields: Fields): void {
  host().log(
    level,
    String(message),
    Object.entries(fields).map(([name, value]): [string, string] => [name, shown(value)]),
  );
}

/** A value as a line of the log can show it. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value instanceof Error) {
    return `${value.name}: ${value.message}`;
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
