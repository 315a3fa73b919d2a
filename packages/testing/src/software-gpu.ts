import { dirname, join } from "node:path";
import { chromiumPath } from "./chromium.ts";

/**
 * The environment in which Dawn finds a graphics card in software: SwiftShader, which comes with that Chromium.
 *
 * It must be there as a process starts. Empty where there is no such Chromium (it is built for Linux on x64): WebGPU then
 * finds the machine's own card, if there is one.
 */
export async function softwareGpu(): Promise<Readonly<Record<string, string>>> {
  if (process.platform !== "linux" || process.arch !== "x64") return {};
  const folder = dirname(await chromiumPath());
  const others = process.env.LD_LIBRARY_PATH;
  return {
    VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
    // The Vulkan loader, which not every machine has.
    LD_LIBRARY_PATH: others ? `${folder}:${others}` : folder,
  };
}
