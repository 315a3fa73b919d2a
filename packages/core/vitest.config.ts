import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";
import { softwareGpu } from "../testing/src/software-gpu.ts";

// WebGPU is tested on every machine, with or without a graphics card.
export default mergeConfig(shared, { test: { env: await softwareGpu() } });
