// How one image is compared with another: an entry that loads none of TensorFlow.js.
export { meanAbsoluteError, mse, psnr } from "./error.ts";
export type { ImageSize } from "./image.ts";
export { msSsim, scaleWeights } from "./ms-ssim.ts";
export { ssim, ssimDefault } from "./ssim.ts";
export type { MetricScale } from "./summary.ts";
export { toUnitRange, type UnitPair } from "./unit-range.ts";
