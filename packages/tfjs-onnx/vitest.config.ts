import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";
import { softwareGpu } from "../testing/src/software-gpu.ts";

// What is said where no gradients are registered takes a process in which nobody has registered any. Graphs for a graphics card
// are run on every machine, with or without one.
export default mergeConfig(shared, { test: { isolate: true, env: await softwareGpu() } });
