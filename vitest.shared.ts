import { defineConfig } from "vitest/config";

const conditions = ["@slicebook/source"];

/** The one vitest configuration: every package's own file re-exports it. Sources are tested, not builds. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 1,
    reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
  },
});
