/** Write a Patchbay connector in TypeScript or JavaScript; `README.md` beside this folder begins at zero. */

export * as blob from "./blob.ts";
export { connector } from "./connector.ts";
export type { Connector } from "./connector.ts";
export { Context } from "./context.ts";
export { ConnectorError } from "./error.ts";
export type { Case } from "./error.ts";
export * as http from "./http/index.ts";
export type { Id } from "./id.ts";
export type { Account, Identity } from "./identity.ts";
export { Item, Outcome } from "./item.ts";
export type { Attachment, Written } from "./item.ts";
export * as log from "./log.ts";
export { Page } from "./page.ts";
export type { Position } from "./page.ts";
export { PickRequest, ReadRequest } from "./read.ts";
export type { Choice, Choices, StreamInfo } from "./read.ts";
export { Records } from "./records.ts";
export type { Members, Row } from "./records.ts";
export * as run from "./run.ts";
export * as time from "./time.ts";
