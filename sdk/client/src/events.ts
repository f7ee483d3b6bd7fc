/** Server-sent events (HTML Living Standard, section 9.2) by `fetch`, since `EventSource` can send no header. */

/** One event. */
export interface ServerEvent {
  /** Its id, where it has one; a stream goes on behind it. */
  id: string | null;
  /** Its kind. */
  event: string;
  /** Its data, as it was sent. */
  data: string;
}

export interface EventsOptions {
  /** The whole address of the stream. */
  url: string;
  /** The headers that say who calls; see `callerHeaders`. */
  headers: Record<string, string>;
  /** Ends it. */
  signal?: AbortSignal;
  /** Another `fetch`, as for tests. */
  fetch?: typeof globalThis.fetch;
  /** The id behind which the stream goes on. */
  after?: string | null;
}

/** More of one event than any that the host sends, characters: what is longer is not collected. */
const LONGEST = 1_048_576;

/**
 * The events of one connection to the host, until it ends. A caller that wants them for ever asks again after a pause,
 * with `after` of the last one.
 *
 * @throws the answer's status in an `Error`, when the stream is refused
 */
export async function* events(options: EventsOptions): AsyncGenerator<ServerEvent> {
  const ask = options.fetch ?? globalThis.fetch;
  const headers: Record<string, string> = { ...options.headers, Accept: "text/event-stream" };
  if (options.after) headers["Last-Event-ID"] = options.after;
  const answer = await ask(options.url, {
    headers,
    credentials: "same-origin",
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (!answer.ok || answer.body === null) throw new Error(`the stream of events was refused: ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      if (rest.length > LONGEST) throw new Error("an event is longer than any that the host sends");
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** One event of its lines; none for a comment, which only keeps the line open. */
function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { id: null, event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event") event.event = value;
    else if (name === "id") event.id = value;
  }
  if (data.length === 0) return null;
  event.data = data.join("\n");
  return event;
}
