/**
 * Server-Sent Events read with `fetch`, which, unlike `EventSource`, can send an Authorization header. Pure.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */

export interface ServerEvent {
  event: string;
  data: string;
}

/** Takes the stream's text as it comes, and gives the events that are whole. */
export class EventParser {
  /** The last event's id, to come back with. */
  lastId = "";
  retryMs: number | null = null;
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id: string | null = null;

  take(text: string): ServerEvent[] {
    const buffered = this.#rest + text;
    // A carriage return at the end may be the first half of a line's end.
    const ready = buffered.endsWith("\r") ? buffered.slice(0, -1) : buffered;
    const lines = ready.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + buffered.slice(ready.length);
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  #dispatch(): ServerEvent[] {
    if (this.#id !== null) this.lastId = this.#id;
    const events = this.#data.length > 0 ? [{ event: this.#event || "message", data: this.#data.join("\n") }] : [];
    this.#event = "";
    this.#data = [];
    return events;
  }
}
