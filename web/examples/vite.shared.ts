import vue from "@vitejs/plugin-vue";
import { defaultClientConditions, defineConfig } from "vite";

/** The build of each example. In an app of yours, the `source` condition isn't needed: it saves building the packages. */
export default defineConfig({
  base: "./",
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("video-") } } })],
  resolve: { conditions: ["@mediaconvert-status/source", ...defaultClientConditions] },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
});
