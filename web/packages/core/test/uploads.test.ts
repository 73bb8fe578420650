import { expect, test } from "vitest";
import { memoryStorage } from "../src/stored_files.ts";
import { deleteUpload, listUploads, updateUpload } from "../src/uploads.ts";
import { createVideos, type Videos } from "../src/videos.ts";

interface Sent {
  path: string;
  init: RequestInit;
}

function open(respond: (sent: Sent) => Response): { videos: Videos; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch = (async (url: string, init: RequestInit = {}) => {
    sent.push({ path: url.replace("https://api.test", ""), init });
    return respond({ path: url, init });
  }) as typeof globalThis.fetch;
  const getToken = ({ isRefused }: { isRefused: boolean }): string => (isRefused ? "second" : "first");
  const videos = createVideos({ apiBaseUrl: "https://api.test/", getToken, fetch, storage: memoryStorage() });
  return { videos, sent };
}

const EMPTY = { data: [], next_cursor: null };

test.each([
  [{}, "/uploads"],
  [{ cursor: null }, "/uploads"],
  [{ status: "COMPLETE", limit: 100 }, "/uploads?status=COMPLETE&limit=100"],
  [{ externalId: "a&b=ü", cursor: "c+1/2=" }, "/uploads?external_id=a%26b%3D%C3%BC&cursor=c%2B1%2F2%3D"],
  [{ createdAfter: new Date(0) }, "/uploads?created_after=1970-01-01T00%3A00%3A00.000Z"],
] as const)("the list for %j is requested as %s", async (query, path) => {
  const { videos, sent } = open(() => Response.json(EMPTY));
  expect(await listUploads(videos, query)).toEqual(EMPTY);
  expect(sent.map((each) => each.path)).toEqual([path]);
});

test("a refused token is renewed once for the list too", async () => {
  const tokenOf = ({ init }: Sent): string | null => new Headers(init.headers).get("Authorization");
  const { videos, sent } = open((each) =>
    tokenOf(each) === "Bearer second"
      ? Response.json(EMPTY)
      : Response.json({ code: "expired_token" }, { status: 401 }),
  );
  expect(await listUploads(videos)).toEqual(EMPTY);
  expect(sent.map(tokenOf)).toEqual(["Bearer first", "Bearer second"]);
});

test("a change sends only what it names", async () => {
  const { videos, sent } = open(() => Response.json({ file_name: "new.mp4" }));
  const job = await updateUpload(videos, "uploads/1/ö.mp4", { file_name: "new.mp4", metadata: { title: null } });
  expect(job.file_name).toBe("new.mp4");
  expect(sent[0]).toMatchObject({ path: "/uploads?input_file=uploads%2F1%2F%C3%B6.mp4", init: { method: "PATCH" } });
  expect(JSON.parse(String(sent[0]?.init.body))).toEqual({ file_name: "new.mp4", metadata: { title: null } });
  expect(new Headers(sent[0]?.init.headers).get("Content-Type")).toBe("application/json");
});

test("a deletion is sent also while the page is closed", async () => {
  const { videos, sent } = open(() => Response.json({ input_file: "uploads/1/a.mp4" }, { status: 202 }));
  await deleteUpload(videos, "uploads/1/a.mp4");
  expect(sent[0]?.init).toMatchObject({ method: "DELETE", keepalive: true });
});

test("failures have a code, also without a response", async () => {
  const refusing = open(() => Response.json({ code: "upload_not_found", detail: "gone" }, { status: 404 }));
  await expect(deleteUpload(refusing.videos, "x")).rejects.toMatchObject({ code: "upload_not_found", status: 404 });
  const offline = open(() => {
    throw new TypeError("Failed to fetch");
  });
  await expect(listUploads(offline.videos)).rejects.toMatchObject({ code: "network", isTemporary: true });
});
