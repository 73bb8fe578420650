/**
 * Reads Server-Sent Events from a `fetch` response: unlike `EventSource`, `fetch` can send an Authorization header.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */

import { createParser, type EventSourceMessage } from "eventsource-parser";

export interface EventStreamListener {
  /** Bytes arrived; a comment (the service's heartbeat) counts too. */
  onActivity(): void;
  onEvent(event: EventSourceMessage): void;
  /** The server set the time to wait before the next connection. */
  onRetry(retryMs: number): void;
}

/** Report each complete event until the stream ends; an event that the end cut off is dropped. */
export async function readEventStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  listener: EventStreamListener,
): Promise<void> {
  const parser = createParser({
    onEvent: (event) => listener.onEvent(event),
    onRetry: (retryMs) => listener.onRetry(retryMs),
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    listener.onActivity();
    parser.feed(value);
  }
}
