import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

const alone = "test/no-gradients.test.ts";

// What is said where no gradients are registered takes a process in which nobody has registered any.
export default defineConfig({
  test: {
    ...shared.test,
    projects: [
      { test: { ...shared.test, name: "traces", exclude: [alone] } },
      { test: { ...shared.test, name: "without gradients", include: [alone] } },
    ],
  },
});
