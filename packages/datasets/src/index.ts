export { orientationIn } from "./adapters/orientation-option.ts";
export { type SplitSubjectsOptions, splitSubjects } from "./adapters/split-subjects.ts";
export {
  type AugmentOptions,
  type AugmentShape,
  augment,
  augmentSchema,
  augments,
  VARIATIONS,
  type Varied,
  vary,
} from "./augment.ts";
export { checkValues } from "./check-values.ts";
export {
  checkCovariates,
  type DrawCovariatesOptions,
  drawCovariates,
} from "./covariates/ask-covariates.ts";
export {
  type Covariate,
  type CovariateValues,
  covariateSpaces,
  encodeCovariates,
} from "./covariates/covariate.ts";
export {
  type CovariateTable,
  covariateTableSchema,
  type KnownSlice,
  learnCovariates,
} from "./covariates/learn-covariates.ts";
export type { Format, FormatHeader, PictureDecoder, SliceOptions } from "./formats/format.ts";
export { greysOfPixels } from "./formats/grey.ts";
export { LARGEST_FILE, LARGEST_SLICE } from "./formats/limits.ts";
export { decodeNifti } from "./formats/nifti/decode.ts";
export { type EncodeNiftiOptions, encodeNifti } from "./formats/nifti/encode.ts";
export { type NiftiHeader, niftiByteLength, readNiftiHeader } from "./formats/nifti/header.ts";
export { volumeSides } from "./formats/nifti/slice-place.ts";
export { readNifti } from "./formats/nifti.ts";
export { browserEndings, FORMATS, formatNamed, formatOf, withoutEnding } from "./formats/registry.ts";
export { isGzip, unpackFile } from "./formats/unpack-gzip.ts";
export { naturalOrder } from "./natural-order.ts";
export { type Affine, ORIENTATIONS, type Orientation, type Placement } from "./orientation.ts";
export { drawPhantom, type PhantomOptions, type PhantomSlice } from "./phantom/draw.ts";
export { HEAD_LABELS } from "./phantom/head.ts";
export { PELVIS_LABELS } from "./phantom/pelvis.ts";
export type { PhantomAnatomy } from "./phantom/traits.ts";
export { type PreparedSlice, prepareSlice } from "./prepare-slice.ts";
export {
  fitPreprocessing,
  greysOf,
  PREPROCESSINGS,
  type Preprocessing,
  type PreprocessingName,
  preprocessSlice,
  restoreSlice,
  type SliceMap,
  sliceMap,
} from "./preprocess.ts";
export { type PreprocessingFile, preprocessingFile, preprocessingOf } from "./preprocessing-file.ts";
export { resizeBilinear } from "./resize.ts";
export { type DatasetConfig, type DatasetInput, datasetSchema } from "./schema.ts";
export {
  type FitSizeOptions,
  fitAffine,
  fitLabels,
  fitSize,
  type LabelMap,
  SIZE_POLICIES,
  type SizePolicy,
} from "./size-policy.ts";
export { slicePositions } from "./slice-positions.ts";
export { type Bounds, holdWithin, type TrainingRange } from "./training-range.ts";
export {
  type DatasetAdapter,
  type DecodeContext,
  type ListContext,
  type Listing,
  type MaskLabel,
  type PixelType,
  type Samples,
  type Size,
  type SliceImage,
  type SliceRecord,
  SPLITS,
  type Split,
  type VolumePlace,
} from "./types.ts";
