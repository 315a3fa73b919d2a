export { bindPrior, createLikelihoodMeter, joinParts, knownOf, priorParameters } from "./bound-prior.ts";
export { codeTables, currentTables } from "./code-tables.ts";
export {
  askedCovariates,
  askedTable,
  checkGuidance,
  drawnCovariates,
  learnedCovariates,
} from "./covariates.ts";
export { withEnergy } from "./energy.ts";
export type { Event, ExecuteOptions } from "./events.ts";
export { samplesGrain, saveGrain } from "./grain.ts";
export { trainedSubjects } from "./kept-subjects.ts";
export { sliceNifti, writeNiftiSlice } from "./nifti-slice.ts";
export { type OwnSlice, openOwnSlices, placementOfRecord, uniqueNames } from "./own-slices.ts";
export { openPriorCoder } from "./prior-coder.ts";
export { reportProgress } from "./progress.ts";
export { checkSameConfig, loadRunConfig, writeConfig } from "./run-folder.ts";
export { openSession, openWithProgress, type Session, type SessionOptions } from "./session.ts";
export { createSliceScorer, type SliceLikelihood } from "./slice-likelihood.ts";
export { codesInputs, modelAndData, modelHash, modelHashes, modelParameters } from "./trained-model.ts";
export { withVariedGrids } from "./varied-grids.ts";
export { versionsInUse } from "./versions.ts";
