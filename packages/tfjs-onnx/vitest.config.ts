import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";
import { softwareGpu } from "../testing/src/software-gpu.ts";

const alone = "test/no-gradients.test.ts";
// Graphs for a graphics card are run on every machine, with or without one.
const env = await softwareGpu();

// What is said where no gradients are registered takes a process in which nobody has registered any.
export default defineConfig({
  test: {
    ...shared.test,
    projects: [
      { test: { ...shared.test, env, name: "traces", exclude: [alone] } },
      { test: { ...shared.test, env, name: "without gradients", include: [alone] } },
    ],
  },
});
