import type { Job } from "@mediaconvert-status/core";
import { expect, test } from "vitest";
import { type KeptVideo, nameOf, search, withChanged, withFirstPage, withNextPage, without } from "../src/library_list";

function kept(id: number, fields: Partial<Job> = {}): KeptVideo {
  return { input_file: `uploads/${id}/film-${id}.mp4`, file_name: null, external_id: null, ...fields } as KeptVideo;
}
const [one, two, three, four] = [kept(1), kept(2), kept(3), kept(4)];
const page = (data: KeptVideo[], next_cursor: string | null = null) => ({ data, next_cursor });

test("a page follows the list, without what the list has already", () => {
  const list = withNextPage({ videos: [four, three], cursor: "3" }, page([three, two], "2"));
  expect(list).toEqual({ videos: [four, three, two], cursor: "2" });
});

test("jobs without a file are no videos of the library", () => {
  const foreign = { ...one, input_file: null } as unknown as KeptVideo;
  expect(withNextPage({ videos: [], cursor: null }, page([foreign, two])).videos).toEqual([two]);
});

test("new videos come first, and the older pages stay", () => {
  const changed = kept(2, { file_name: "new.mp4" });
  const list = withFirstPage({ videos: [two, one], cursor: "1" }, page([three, changed], "2"));
  expect(list).toEqual({ videos: [three, changed, one], cursor: "1" });
});

test("a first page that has nothing of the list replaces it, because videos between the two may be missing", () => {
  expect(withFirstPage({ videos: [one], cursor: null }, page([four, three], "3"))).toEqual({
    videos: [four, three],
    cursor: "3",
  });
});

test.each([
  ["", ["a", "b"]],
  ["  HARBOUR ", ["a"]],
  ["ハーバー", ["b"]],
  ["order-1", ["b"]],
  ["order", []],
])("the search for %j finds %j", (text, names) => {
  const videos = [
    kept(1, { job_id: "a", file_name: "Harbour at night.mp4" }),
    kept(2, { job_id: "b", file_name: "ハーバー.mp4", external_id: "order-1" }),
  ];
  expect(search({ videos, cursor: null }, text, []).map(({ job_id }) => job_id)).toEqual(names);
});

test("what the API found follows, once", () => {
  const found = kept(3, { external_id: "film-2" });
  expect(search({ videos: [two, one], cursor: "1" }, "film-2", [two, found])).toEqual([two, found]);
});

test("a video without a name has that of its file", () => {
  expect(nameOf(one)).toBe("film-1.mp4");
  expect(nameOf(kept(1, { file_name: "x/y.mp4" }))).toBe("x/y.mp4");
});

test("a changed video keeps its place, and a deleted one leaves it", () => {
  const list = { videos: [two, one], cursor: "1" };
  const changed = kept(2, { file_name: "new.mp4" });
  expect(withChanged(list, changed)).toEqual({ videos: [changed, one], cursor: "1" });
  expect(without(list, two.input_file)).toEqual({ videos: [one], cursor: "1" });
});
