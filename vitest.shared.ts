import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const conditions = ["@slicebook/source"];

/** The one vitest configuration: every package's own file re-exports it. Sources are tested, not builds. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    env: {
      // Prepared slices of tests are kept out of the user's own cache.
      XDG_CACHE_HOME: join(tmpdir(), "slicebook-test-cache"),
      // Some tests load ONNX Runtime by themselves.
      ORT_DISABLE_TELEMETRY: "1",
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 1,
    reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
  },
});
