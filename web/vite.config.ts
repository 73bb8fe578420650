import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Puts `.br` and `.gz` beside each text file, so that whoever serves them compresses nothing. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      for (const file of files.filter((each) => /\.(js|css|html|svg)$/.test(each))) {
        const body = await readFile(path.join(folder, file));
        await writeFile(path.join(folder, `${file}.br`), await promisify(brotliCompress)(body));
        await writeFile(path.join(folder, `${file}.gz`), await promisify(gzip)(body, { level: 9 }));
      }
    },
  };
}

// `npm run dev` serves the sources with the API of a running `make dev` behind them.
const api = process.env.API_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "./",
  plugins: [compressed()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: Object.fromEntries(["/s3", "/jobs", "/events", "/uploads"].map((each) => [each, api])) },
  test: { include: ["test/*.test.ts"] },
});
