/**
 * Running a connector's code in Node against recorded answers, in milliseconds and without Wasm.
 *
 * A `TestHost` stands in for the host until the test ends. It answers from fixtures, checks each request as the gate would, and
 * fails the test when an answer was not used. The fixtures are the files over which `patchbay check` runs the
 * component, and `patchbay record` writes them.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { test } from "node:test";
 * import { Context } from "@patchbay/sdk";
 * import { TestHost, fixture, readAll } from "@patchbay/sdk/testing";
 * import connector from "../src/connector.ts";
 *
 * test("notes are read page by page", () => {
 *   TestHost.answering(fixture("streams/notes.json")).inOrder();
 *   assert.equal(readAll(connector, new Context(), { stream: "notes" }).records.length, 2);
 * });
 * ```
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "node:test";

import { closeOpen } from "./host.ts";

export { ReadRequest, PickRequest } from "../read.ts";
export type { Exchange, Fixture } from "./fixture.ts";
export { TestHost } from "./host.ts";
export type { LogLine, SentRequest } from "./host.ts";
export { readAll } from "./reading.ts";
export type { Asked, Reading } from "./reading.ts";

afterEach(closeOpen);

/** A file of the project's `fixtures`, as text. */
export function fixture(file: string): string {
  return readFileSync(join(process.cwd(), "fixtures", file), "utf8");
}
