/** A service and its storage in memory, as `fetch` and `putPart`: uploads in parts, jobs, limits. */

import type { Limits } from "../src/api_types.ts";
import type { PutPart } from "../src/host.ts";

interface Upload {
  key: string;
  parts: Map<number, { etag: string; sizeBytes: number }>;
}

export interface HeldPart {
  number: number;
  sent: (bytes: number) => void;
  finish: () => void;
  fail: () => void;
  respond: (status: number) => void;
}

export class FakeService {
  readonly requests: string[] = [];
  /** The bodies of the requests that began an upload. */
  readonly bodies: { filename: string; metadata: object }[] = [];
  readonly uploads = new Map<string, Upload>();
  /** The parts in flight, if `holdsParts`. */
  readonly held: HeldPart[] = [];
  readonly jobs = new Map<string, object>();
  holdsParts = false;
  limits: Limits | null = null;
  /** Responses by "METHOD /path" prefix, each used once. */
  readonly failures: { prefix: string; status: number; code: string; headers?: Record<string, string> }[] = [];

  readonly fetch = (async (input: string, init: RequestInit = {}) => {
    const url = new URL(input);
    const request = `${init.method ?? "GET"} ${url.pathname}`;
    this.requests.push(request);
    await Promise.resolve();
    const failure = this.failures.findIndex(({ prefix }) => request.startsWith(prefix));
    if (failure >= 0) {
      const [{ status, code, headers }] = this.failures.splice(failure, 1) as [(typeof this.failures)[number]];
      return Response.json({ code, detail: "The test refused it." }, { status, headers: headers ?? {} });
    }
    return this.#respond(request, url, init);
  }) as typeof fetch;

  readonly putPart: PutPart = ({ url, body, onSent, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname } = new URL(url);
      this.requests.push(`PUT ${pathname}`);
      const [, id = "", text = ""] = /^\/s3-bucket\/(.+)\/(\d+)$/.exec(pathname) ?? [];
      const number = Number(text);
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      const finish = (): void => {
        onSent(body.size);
        const etag = `"${number}"`;
        this.uploads.get(id)?.parts.set(number, { etag, sizeBytes: body.size });
        resolve({ status: 200, etag });
      };
      const fail = (): void => reject(new TypeError("lost"));
      if (this.holdsParts) {
        this.held.push({ number, sent: onSent, finish, fail, respond: (status) => resolve({ status, etag: null }) });
      } else finish();
    });

  count(prefix: string): number {
    return this.requests.filter((request) => request.startsWith(prefix)).length;
  }

  #respond(request: string, url: URL, init: RequestInit): Response {
    const [method = "", path = ""] = request.split(" ");
    if (path === "/limits") return this.limits ? Response.json(this.limits) : new Response(null, { status: 404 });
    if (request === "POST /s3/multipart") {
      this.bodies.push(JSON.parse(String(init.body)));
      return this.#begin(this.bodies.at(-1)?.filename ?? "");
    }
    const [, uploadId = "", below] = /^\/s3\/multipart\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const upload = this.uploads.get(uploadId);
    if (upload) return this.#respondOf(upload, uploadId, `${method} ${below ?? ""}`);
    const job = this.jobs.get(url.searchParams.get("input_file") ?? path.split("/")[2] ?? "");
    if (path === "/events") return Response.json({ code: "streaming_unavailable" }, { status: 501 });
    return job ? Response.json(job) : Response.json({ code: "job_not_found", detail: "none" }, { status: 404 });
  }

  #begin(fileName: string): Response {
    const uploadId = `u${this.uploads.size + 1}`;
    const key = `uploads/${uploadId}/${fileName}`;
    this.uploads.set(uploadId, { key, parts: new Map() });
    return Response.json({ key, uploadId, bucket: "b" });
  }

  #respondOf(upload: Upload, uploadId: string, action: string): Response {
    if (action === "DELETE ") this.uploads.delete(uploadId);
    if (action === "GET ") {
      const parts = [...upload.parts].map(([PartNumber, { etag, sizeBytes }]) => ({
        PartNumber,
        ETag: etag,
        Size: sizeBytes,
      }));
      return Response.json(parts);
    }
    const [method, number] = action.split(" ");
    if (method === "GET")
      return Response.json({ url: `https://s3.test/s3-bucket/${uploadId}/${number}`, expires: 900 });
    return Response.json({ location: "", key: upload.key, bucket: "b" });
  }
}

/** Return a file of this size; its bytes are zeros. */
export function fileOf(name: string, sizeBytes = 100, type = "video/mp4", lastModified = 1): File {
  return new File([new Uint8Array(sizeBytes)], name, { type, lastModified });
}
