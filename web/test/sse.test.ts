import { describe, expect, test } from "vitest";
import { EventParser } from "../src/sse";

const STREAM =
  'retry: 1500\n\nid: a.b\nevent: progress\ndata: {"x":1}\n\n: \n\nid: a.c\nevent: progress\ndata: one\ndata: two\n\n';
const EVENTS = [
  { event: "progress", data: '{"x":1}' },
  { event: "progress", data: "one\ntwo" },
];

describe("a stream", () => {
  test.each([1, 2, 3, 7, 1_000])("gives the same events in pieces of %i characters", (size) => {
    const parser = new EventParser();
    const pieces = STREAM.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    expect(pieces.flatMap((piece) => parser.take(piece))).toEqual(EVENTS);
    expect(parser.lastId).toBe("a.c");
    expect(parser.retryMs).toBe(1_500);
  });

  test.each(["\r\n", "\r"])("may end its lines with %j", (end) => {
    const parser = new EventParser();
    const events = [...STREAM.replaceAll("\n", end)].flatMap((character) => parser.take(character));
    expect([...events, ...parser.take("\n")]).toEqual(EVENTS);
  });
});

test("an id counts once its event is whole: one that was cut off comes again", () => {
  const parser = new EventParser();
  parser.take("id: 1\ndata: x\n\nid: 2\ndata: y");
  expect(parser.lastId).toBe("1");
});

test("a comment is no event", () => {
  expect(new EventParser().take(": still here\n\n")).toEqual([]);
});
