/**
 * Reads Server-Sent Events from a `fetch` response: unlike `EventSource`, `fetch` can send an Authorization header.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */

export interface StreamEvent {
  id: string | undefined;
  event: string | undefined;
  data: string;
}

export interface EventStreamListener {
  /** Bytes arrived; a comment (the service's heartbeat) counts too. */
  onActivity(): void;
  onEvent(event: StreamEvent): void;
  /** The server set the time to wait before the next connection. */
  onRetry(retryMs: number): void;
}

/** Report each complete event until the stream ends; an event that the end cut off is dropped. */
export async function readEventStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  listener: EventStreamListener,
): Promise<void> {
  const parser = new EventParser(listener);
  const decoder = new TextDecoder(); // skips a byte order mark, and joins characters that two chunks divide
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      parser.end();
      return;
    }
    listener.onActivity();
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

class EventParser {
  readonly #listener: EventStreamListener;
  #rest = "";
  #fields: { id?: string; event?: string; data?: string } = {};

  constructor(listener: EventStreamListener) {
    this.#listener = listener;
  }

  feed(text: string): void {
    // A CR at the end may be the first half of a CR LF, so it stays for the next chunk.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#readLine(line);
  }

  /** The stream ended, so a CR at its end is a whole line end. */
  end(): void {
    if (this.#rest.endsWith("\r")) this.#readLine(this.#rest.slice(0, -1));
  }

  #readLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "data") this.#fields.data = this.#fields.data === undefined ? value : `${this.#fields.data}\n${value}`;
    else if (name === "id" || name === "event") this.#fields[name] = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.#listener.onRetry(Number(value));
  }

  #dispatch(): void {
    const { id, event, data } = this.#fields;
    this.#fields = {};
    if (data !== undefined) this.#listener.onEvent({ id, event, data });
  }
}
