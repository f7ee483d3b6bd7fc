/** What is pushed, and how it ended. */

import { ConnectorError } from "./error.ts";
import { asId, type Id } from "./id.ts";

/** A file that goes with an item. Its bytes stay at the host: name the blob in the request. */
export interface Attachment {
  /** The blob's id. */
  blob: string;
  /** The file's name, without a folder. */
  name: string;
  /** Its media type. */
  mediaType: string;
  /** Its size in bytes. */
  size: number;
  /** SHA-256 of its bytes, lower-case hexadecimal. */
  sha256: string;
}

/** An object at the provider. */
export interface Written {
  /** The provider's id. */
  id: Id;
  /** Where a person can see it, `https`. */
  url?: string | null | undefined;
}

/** How a push ended well. Everything else is a `ConnectorError`. */
export class Outcome {
  readonly tag: "created" | "updated" | "exists";
  readonly object: Written;

  private constructor(tag: Outcome["tag"], object: Written) {
    // Here, where the author's line is still on the stack, and the author's own tests see it.
    asId(object.id, `the id given to \`Outcome.${tag}\``);
    this.tag = tag;
    this.object = object;
  }

  /** A new object. */
  static created(id: Id, url?: string | null): Outcome {
    return new Outcome("created", { id, url });
  }

  /** An object that was there, and was changed. */
  static updated(id: Id, url?: string | null): Outcome {
    return new Outcome("updated", { id, url });
  }

  /** The object was there already, as wanted; nothing was written. */
  static exists(id: Id, url?: string | null): Outcome {
    return new Outcome("exists", { id, url });
  }
}

/** What an item is made of, in a test. */
export interface Given {
  action: string;
  key?: string | undefined;
  target?: unknown;
  payload: unknown;
  attachments?: Attachment[] | undefined;
  attempt?: number | undefined;
  ext?: Iterable<readonly [string, string]> | undefined;
}

/** One item to write to the provider. */
export class Item {
  /** The action's name in the manifest. */
  readonly action: string;
  /** The caller's key, the same on every attempt. */
  readonly key: string;
  /** Files, in the caller's order. */
  readonly attachments: readonly Attachment[];
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly #target: unknown;
  readonly #payload: unknown;
  readonly #ext: readonly (readonly [string, string])[];

  constructor(given: Given) {
    this.action = given.action;
    this.key = given.key ?? "key-1";
    this.attachments = given.attachments ?? [];
    this.attempt = given.attempt ?? 1;
    this.#target = given.target === undefined ? {} : given.target;
    this.#payload = given.payload;
    this.#ext = [...(given.ext ?? [])];
  }

  /** The payload. The host checked it against the action's `schema`, so `T` is what that schema says. */
  payload<T extends object = Record<string, unknown>>(): T {
    return document<T>(this.#payload, "payload");
  }

  /** The chosen target. The host checked it against the action's `target`. */
  target<T extends object = Record<string, unknown>>(): T {
    return document<T>(this.#target, "target");
  }

  /**
   * The object that this item was written to before, when the caller sent its key again with other content: change that one.
   * Only for an action that says `update = true`; `undefined` for an item that is new.
   */
  written(): { id: string; url: string | undefined } | undefined {
    return this.#named("object");
  }

  /**
   * What a step was found to have written although its answer was lost: it is done, go on behind it. Only for an action that
   * says `multi-step = true`; sending the step again is refused.
   */
  found(step: string): { id: string; url: string | undefined } | undefined {
    return this.#named(`step.${step}`);
  }

  /** The names of the steps that are over: an attempt goes on where the one before it wrote, whatever the settings say since. */
  answered(): string[] {
    return this.#ext.filter(([key]) => key === "answered").map(([, step]) => step);
  }

  /** The error for an action that the connector does not have. */
  unsupported(): ConnectorError {
    return ConnectorError.unsupported(`This connector has no action \`${this.action}\`.`);
  }

  #named(name: string): { id: string; url: string | undefined } | undefined {
    const value = (wanted: string): string | undefined => this.#ext.find(([key]) => key === wanted)?.[1];
    const id = value(name);
    return id === undefined ? undefined : { id, url: value(`${name}.url`) };
  }
}

function document<T>(value: unknown, what: string): T {
  if (typeof value !== "object" || value === null) {
    throw ConnectorError.invalidInput(`The ${what} of this item cannot be used.`).detail(`${what}: no object`);
  }
  return value as T;
}
