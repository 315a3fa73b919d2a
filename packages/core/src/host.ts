// What runs without TensorFlow.js: for the files of runs, the server of the viewer, and the page before a model is asked for.
export { isUsed } from "./carry-names.ts";
export { codeGridsIn } from "./code-space.ts";
export { hashedParts } from "./hashed-parts.ts";
export { perplexity } from "./metrics/codes.ts";
export { meanAbsoluteError, mse, psnr } from "./metrics/error.ts";
export type { ImageSize } from "./metrics/image.ts";
export { msSsim, scaleWeights } from "./metrics/ms-ssim.ts";
export { ssim, ssimDefault } from "./metrics/ssim.ts";
export type { MetricScale } from "./metrics/summary.ts";
export { toUnitRange, type UnitPair } from "./metrics/unit-range.ts";
export { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
export {
  headerEnd,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorPlace,
  tensorAt,
} from "./safetensors-header.ts";
