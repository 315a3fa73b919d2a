export { builtInAdapters, type LoadedAdapter, loadAdapter } from "./adapters.ts";
export { adni, type HipmriOptions, hipmri, type MaskOptions, oasis } from "./course-adapters.ts";
export type { Progress } from "./decode-all.ts";
export { decodeFile, readHeaderOf } from "./decode-file.ts";
export { decodePicture } from "./decode-picture.ts";
export type { DuplicateGroup, Outlier } from "./find-oddities.ts";
export { type FolderOptions, folder } from "./folder-adapter.ts";
export {
  type DatasetSummary,
  type InspectDatasetOptions,
  inspectDataset,
  type SplitSummary,
} from "./inspect-dataset.ts";
export {
  fingerprintDataset,
  fingerprintMasks,
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
export { maskFinder, type PathPlaces, pathMatcher, type SplitNames } from "./path-pattern.ts";
export { type PhantomDatasetOptions, phantom } from "./phantom-adapter.ts";
export type { SkippedSlice } from "./prepare-splits.ts";
export { userCacheFolder } from "./prepared-cache.ts";
export { type ReadSlicesOptions, readSlices } from "./read-slices.ts";
export {
  PHANTOM_LAYOUTS,
  type PhantomLayout,
  type WritePhantomOptions,
  type WrittenPhantom,
  writePhantom,
} from "./write-phantom.ts";
