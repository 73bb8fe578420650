import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { Plugin } from "vite";
import { defaultClientConditions, defineConfig } from "vite";

async function compress(file: string): Promise<void> {
  const body = await readFile(file);
  const [brotli, gzipped] = await Promise.all([promisify(brotliCompress)(body), promisify(gzip)(body, { level: 9 })]);
  await Promise.all([writeFile(`${file}.br`, brotli), writeFile(`${file}.gz`, gzipped)]);
}

/** Write a `.br` and a `.gz` beside each text file, so that the server doesn't compress them for each response. */
function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      const texts = files.filter((name) => /\.(js|css|html|svg)$/.test(name)).map((name) => path.join(folder, name));
      await Promise.all(texts.map(compress));
    },
  };
}

// `npm run dev` serves the sources, and forwards API requests to a running `make dev`.
const apiUrl = process.env.API_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "./",
  plugins: [precompress()],
  // The page is built from the packages' sources, which need no build of their own then.
  resolve: { conditions: ["@mediaconvert-status/source", ...defaultClientConditions] },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // README names the same versions: the first with `light-dark()`.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    rolldownOptions: { checks: { bundlerTimings: false } }, // compressing takes most of the time, on purpose
  },
  server: {
    proxy: Object.fromEntries(["/s3", "/jobs", "/events", "/uploads", "/limits"].map((path) => [path, apiUrl])),
  },
});
