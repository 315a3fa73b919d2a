export { adni, type HipmriOptions, hipmri, type MaskOptions, oasis } from "./adapters/course.ts";
export { type FolderOptions, folder } from "./adapters/folder.ts";
export { builtInAdapters, type LoadedAdapter, loadAdapter } from "./adapters/load-adapter.ts";
export { maskFinder, type PathPlaces, pathMatcher, type SplitNames } from "./adapters/path-pattern.ts";
export { type PhantomDatasetOptions, phantom } from "./adapters/phantom.ts";
export type { Progress } from "./decoding/decode-all.ts";
export type { DuplicateGroup, Outlier } from "./find-oddities.ts";
export { decodeFile, decodePicture, readHeaderOf } from "./formats/node/decode-file.ts";
export {
  type DatasetSummary,
  type InspectDatasetOptions,
  inspectDataset,
  type SplitSummary,
} from "./inspect-dataset.ts";
export {
  fingerprintDataset,
  fingerprintMasks,
  type KnownCovariates,
  type ListDatasetOptions,
  type ListedDataset,
  listDataset,
} from "./list-dataset.ts";
export {
  batches,
  type Dataset,
  type OpenDatasetOptions,
  openDataset,
  type SliceSet,
} from "./open-dataset.ts";
export {
  PHANTOM_LAYOUTS,
  type PhantomLayout,
  type WritePhantomOptions,
  type WrittenPhantom,
  writePhantom,
} from "./phantom/write.ts";
export type { SkippedSlice } from "./prepare-splits.ts";
export { type ReadSlicesOptions, readSlices } from "./read-slices.ts";
export { type RecognisedFolder, recogniseFolder } from "./recognise/recognise-folder.ts";
export { sampleFiles, type VolumeCut } from "./recognise/sample-files.ts";
export { userCacheFolder } from "./store/prepared-cache.ts";
