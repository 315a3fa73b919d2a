export { placesShowing } from "./blank-slices.ts";
export { codeBaselines } from "./code-baselines.ts";
export { meanImage, reconstructByComponents } from "./components.ts";
export { codeUse, type Evaluated, evaluateSplit, figureSummaries } from "./evaluate.ts";
export { fileBytes } from "./file-bytes.ts";
export {
  encodeWithin,
  type GreyImage,
  greyImage,
  IMAGE_CODECS,
  type ImageCodec,
  inUnitsOf,
} from "./image-codecs.ts";
export { type LimitInput, limitOf } from "./limits.ts";
export {
  type JudgedSamples,
  type Measured,
  type NoveltyReference,
  noveltyOf,
  noveltyReference,
} from "./measure-novelty.ts";
export { type PictureSets, pictureDistances } from "./picture-distances.ts";
