import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/**
 * The one vitest configuration: every package's own file re-exports it. A package is tested from its sources, against the
 * built packages that it imports, as those who install it have them: `npm run setup` builds them anew.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: {
      // Prepared slices of tests are kept out of the user's own cache.
      XDG_CACHE_HOME: join(tmpdir(), "slicebook-test-cache"),
      // Some tests load ONNX Runtime by themselves.
      ORT_DISABLE_TELEMETRY: "1",
    },
    // Built packages are imported by Node itself, once for all files of a package's tests: half of the time went there.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    isolate: false,
    pool: "forks",
    maxWorkers: 1,
    // Nothing takes so long; a busy machine must not fail what a quiet one passes.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
  },
});
