import { expect, test } from "vitest";
import { backoffMs, type Followed, groupsOf, queryOf } from "../src/groups";

function followed(count: number): Followed[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${index}`, parameter: "input_file", value: `f${index}` }));
}

test.each([
  [0, []],
  [1, [1]],
  [50, [50]],
  [51, [50, 1]],
  [300, [50, 50]],
])("%i files are followed on streams of %j", (count, sizes) => {
  expect(groupsOf(followed(count)).map((group) => group.length)).toEqual(sizes);
});

test("a query names files and jobs, whatever is in their names", () => {
  const group: Followed[] = [
    { id: "a", parameter: "input_file", value: "uploads/a b&c.mp4" },
    { id: "b", parameter: "job_id", value: "1-a" },
  ];
  expect(queryOf(group)).toBe("input_file=uploads%2Fa+b%26c.mp4&job_id=1-a");
});

test("tries come further and further apart, up to half a minute and its spread", () => {
  expect([1, 2, 3, 4, 20].map((failures) => backoffMs(failures, 0.5))).toEqual([1_000, 2_000, 4_000, 8_000, 30_000]);
  expect(backoffMs(20, 1)).toBe(37_500);
});
