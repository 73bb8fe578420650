// Prints the size of each part of the kit at its first load (minified by esbuild, brotli), and fails above a budget.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const KB = 1_000;

/** Each row is what one import of an app costs, with everything that it imports. */
const ROWS = [
  ["core: uploads, progress, English", 12.8, 'export { createVideos } from "@mediaconvert-status/core";'],
  ["core: progress alone, English", 8.0, 'export { createProgress } from "@mediaconvert-status/core";'],
  ["elements: <video-progress> alone", 10.0, 'import "@mediaconvert-status/elements/define/video-progress";'],
  ["elements: all but the player", 17.0, 'import "@mediaconvert-status/elements/define";'],
  ["react: hooks, with core", 13.8, 'export * from "@mediaconvert-status/react";'],
];

async function sizeOf(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    splitting: true,
    outdir: "out",
    conditions: ["@mediaconvert-status/source"],
    external: ["react", "react/*", "react-dom", "hls.js"],
  });
  return compressedBytes(outputFiles.find(({ path }) => path.endsWith("stdin.js")).contents);
}

/** Return the page's bytes, if `npm run build` or `make page` has built it here. */
async function pageSize() {
  const folder = new URL("../dist/assets/", import.meta.url);
  const files = await readdir(folder).catch(() => null);
  if (files === null) return null;
  const names = files.filter((name) => /^index-.*\.(js|css)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => compressedBytes(await readFile(new URL(name, folder)))));
  return sizes.reduce((sum, each) => sum + each, 0);
}

function compressedBytes(text) {
  return brotliCompressSync(text).length;
}

function report(name, bytes, budgetKb) {
  const isOver = bytes > budgetKb * KB;
  console.log(
    `${(bytes / KB).toFixed(1).padStart(6)} kB of ${budgetKb.toFixed(1).padStart(4)}  ${name}${isOver ? "  TOO LARGE" : ""}`,
  );
  if (isOver) process.exitCode = 1;
}

for (const [name, budgetKb, source] of ROWS) {
  const packageName = /"(@mediaconvert-status\/\w+)/.exec(source)[1];
  const isThere = await readFile(new URL(`../node_modules/${packageName}/package.json`, import.meta.url)).catch(
    () => null,
  );
  if (isThere) report(name, await sizeOf(source), budgetKb);
}
const pageBytes = await pageSize();
if (pageBytes === null) console.log("   not built      the page at its first load");
else report("the page at its first load", pageBytes, 45.0);
