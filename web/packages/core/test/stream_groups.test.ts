import { expect, test } from "vitest";
import { type FollowTarget, groupByStream, streamQuery } from "../src/stream_groups.ts";

function targets(count: number): FollowTarget[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${index}`, parameter: "input_file", value: `f${index}` }));
}

test.each([
  [0, []],
  [1, [1]],
  [45, [45]],
  [46, [45, 1]],
  [300, [45, 45]],
])("%i files are divided into streams of %j", (count, sizes) => {
  expect(groupByStream(targets(count)).map((group) => group.length)).toEqual(sizes);
});

test("the address of a stream with the longest keys of the service is as short as CloudFront requires", () => {
  const key = `uploads/${"0".repeat(32)}/${"a".repeat(100)}.${"b".repeat(10)}`;
  const [group = []] = groupByStream(targets(100).map((target) => ({ ...target, value: key })));
  expect(`https://${"d".repeat(253)}/events?${streamQuery(group)}`.length).toBeLessThanOrEqual(8_192);
});

test("a query escapes the keys of files and the ids of jobs", () => {
  const group: FollowTarget[] = [
    { id: "a", parameter: "input_file", value: "uploads/a b&c.mp4" },
    { id: "b", parameter: "job_id", value: "1-a" },
  ];
  expect(streamQuery(group)).toBe("input_file=uploads%2Fa+b%26c.mp4&job_id=1-a");
});
