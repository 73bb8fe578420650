import { describe, expect, test } from "vitest";
import { readEventStream } from "../src/event_stream.ts";

const STREAM = [
  "retry: 1500\n\n",
  'id: a.b\nevent: progress\ndata: {"name":"動画 🎬.mp4"}\n\n',
  ": \n\n",
  "id: a.c\nevent: progress\ndata: one\ndata: two\n\n",
].join("");
const EVENTS = [
  { id: "a.b", event: "progress", data: '{"name":"動画 🎬.mp4"}' },
  { id: "a.c", event: "progress", data: "one\ntwo" },
];

/** Send the text in chunks of a number of bytes, and return everything that was reported. */
async function read(text: string, chunkBytes = 1_000) {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let first = 0; first < bytes.length; first += chunkBytes) {
        controller.enqueue(bytes.slice(first, first + chunkBytes));
      }
      controller.close();
    },
  });
  const events: unknown[] = [];
  const reported = { events, retryMs: 0, activities: 0 };
  await readEventStream(body, {
    onActivity: () => {
      reported.activities += 1;
    },
    onEvent: (event) => events.push(event),
    onRetry: (retryMs) => {
      reported.retryMs = retryMs;
    },
  });
  return reported;
}

describe("a stream", () => {
  test.each([1, 2, 3, 7, 1_000])("has the same events in chunks of %i bytes, also within a character", async (size) => {
    expect(await read(STREAM, size)).toMatchObject({ events: EVENTS, retryMs: 1_500 });
  });

  test.each([
    ["\r\n", 1],
    ["\r\n", 1_000],
    ["\r", 1],
    ["\r", 1_000],
  ])("may end its lines with %j, in chunks of %i bytes", async (end, size) => {
    expect(await read(STREAM.replaceAll("\n", end), size)).toMatchObject({ events: EVENTS, retryMs: 1_500 });
  });
});

test("an event that was cut off isn't reported, nor is its id", async () => {
  expect((await read("id: 1\ndata: x\n\nid: 2\ndata: y")).events).toEqual([{ id: "1", data: "x" }]);
});

test("a comment is activity, and no event", async () => {
  expect(await read(": still here\n\n")).toMatchObject({ events: [], activities: 1 });
});
