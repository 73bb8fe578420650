import { defineConfig } from "vitest/config";

const conditions = ["@mediaconvert-status/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["packages/*/test/*.test.ts", "page/test/*.test.ts"] },
});
