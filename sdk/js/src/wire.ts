/**
 * The contract's types as the engine hands them over (`wit/`): records as objects, variants as `{ tag, val }`, an option as
 * its value or `null`, bytes as `Uint8Array`. Only the SDK sees them; a connector sees the types of the other files, which
 * need not change with a new version of the contract.
 */

export namespace Types {
  export interface Ext {
    key: string;
    value: string;
  }

  export interface ErrorInfo {
    message: string;
    detail: string | null;
    httpStatus: number | null;
    providerCode: string | null;
    retryAfterMs: number | null;
    fields: { pointer: string; message: string }[];
    ext: Ext[];
  }

  export interface Context {
    auth: string;
    account?: string | null;
    facts: Ext[];
    accountFacts: Ext[];
    settings: Uint8Array;
    config: Uint8Array;
    ext: Ext[];
  }
}

export namespace Http {
  export type Credential = { tag: "standard" } | { tag: "nothing" } | { tag: "slot"; val: string };
  export type Effect = "read" | "repeatable" | "write";
  export type Content = { tag: "bytes"; val: Uint8Array } | { tag: "blob"; val: string };

  export interface Part {
    name: string;
    filename: string | null;
    contentType: string | null;
    content: Content;
  }

  export type Body =
    | { tag: "empty" }
    | { tag: "bytes"; val: Uint8Array }
    | { tag: "blob"; val: string }
    | { tag: "json"; val: { document: Uint8Array; blobs: { pointer: string; blob: string }[] } }
    | { tag: "multipart"; val: Part[] };

  export interface Request {
    method: string;
    url: string;
    headers: [string, string][];
    body: Body;
    credential: Credential;
    effect: Effect;
    step: string | null;
    timeoutMs: number | null;
    intoBlob: boolean;
    ext: Types.Ext[];
  }

  export interface Response {
    status: number;
    headers: [string, string][];
    body: Content;
    replayed: boolean;
    ext: Types.Ext[];
  }

  export type Trouble =
    | { tag: "denied" | "not-sent" | "unknown" | "other"; val: string }
    | { tag: "too-large"; val: number }
    | { tag: "stopped" };
}

export namespace Fetch {
  export interface ReadRequest {
    streamName: string;
    cursor?: Uint8Array | null;
    pageHint: number;
    sinceMs?: number | bigint | null;
    ext: Types.Ext[];
  }

  export interface PickRequest {
    picker: string;
    query: string;
    parents: [string, string][];
    cursor?: Uint8Array | null;
    ext: Types.Ext[];
  }
}

export namespace Push {
  export interface Attachment {
    blob: string;
    name: string;
    mediaType: string;
    size: number | bigint;
    sha256: string;
    ext: Types.Ext[];
  }

  export interface Item {
    action: string;
    key: string;
    target: Uint8Array;
    payload: Uint8Array;
    attachments: Attachment[];
    attempt: number;
    ext: Types.Ext[];
  }
}

/** Everything that a host gives; `engine/` has the one of the sandbox, `testing/` the one of a test. */
export interface Host {
  /** Throws a `Refused` when there is no answer. */
  send(request: Http.Request): Http.Response;
  nowMs(): number;
  random(len: number): Uint8Array;
  remainingMs(): number;
  shouldStop(): boolean;
  log(level: number, message: string, fields: [string, string][]): void;
  progress(done: number, total: number | null): void;
  stepRefused(step: string): void;
  stepKey(step: string): string;
  blobSize(blob: string): number | null;
  blobRead(blob: string, offset: number, len: number): Uint8Array | null;
  blobCreate(mediaType: string): string;
  blobAppend(blob: string, data: Uint8Array): boolean;
}

/** Why there is no answer, as the contract says it. */
export class Refused {
  readonly trouble: Http.Trouble;

  constructor(trouble: Http.Trouble) {
    this.trouble = trouble;
  }
}
