import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

// What is said where no gradients are registered takes a process in which nobody has registered any.
export default mergeConfig(shared, { test: { isolate: true } });
