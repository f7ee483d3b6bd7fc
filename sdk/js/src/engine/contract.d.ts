/** The contract's imports, as the engine offers them; a build never bundles these names. */

declare module "patchbay:connector/http@0.1.0" {
  import type { Http } from "../wire.ts";
  export function send(request: Http.Request): Http.Response;
}

declare module "patchbay:connector/run@0.1.0" {
  export function nowMs(): number | bigint;
  export function random(len: number): Uint8Array;
  export function remainingMs(): number | bigint;
  export function shouldStop(): boolean;
  export function log(level: number, message: string, fields: [string, string][]): void;
  export function progress(done: number | bigint, total: number | bigint | null): void;
  export function stepRefused(step: string): void;
  export function stepKey(step: string): string;
}

declare module "patchbay:connector/blob@0.1.0" {
  export function size(blob: string): number | bigint | null | undefined;
  export function read(blob: string, offset: number | bigint, len: number): Uint8Array | null | undefined;
  export function create(mediaType: string): string;
  export function append(blob: string, data: Uint8Array): boolean;
}
