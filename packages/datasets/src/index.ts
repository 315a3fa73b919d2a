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
export { checkPicture } from "./check-picture.ts";
export { checkValues } from "./check-values.ts";
export { type EncodeNiftiOptions, encodeNifti } from "./encode-nifti.ts";
export { greyOf } from "./grey.ts";
export { naturalOrder } from "./natural-order.ts";
export {
  type DecodeNiftiOptions,
  decodeNifti,
  type NiftiHeader,
  niftiByteLength,
  readNifti,
  readNiftiHeader,
  unpackNifti,
  volumeSides,
} from "./nifti.ts";
export { type Affine, ORIENTATIONS, type Orientation, type Placement } from "./orientation.ts";
export { drawPhantom, type PhantomAnatomy, type PhantomOptions, type PhantomSlice } from "./phantom.ts";
export { HEAD_LABELS } from "./phantom-head.ts";
export { PELVIS_LABELS } from "./phantom-pelvis.ts";
export {
  fitPreprocessing,
  PREPROCESSINGS,
  type Preprocessing,
  type PreprocessingName,
  preprocessSlice,
  restoreSlice,
  type SliceMap,
  sliceMap,
  trainingGreys,
} from "./preprocess.ts";
export { preprocessingSchema } from "./preprocessing-schema.ts";
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
export { type SplitSubjectsOptions, splitSubjects } from "./split-subjects.ts";
export { isTiff } from "./tiff-directory.ts";
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
