export { type KeptCovariates, readCovariates, writeCovariates } from "./covariates.ts";
export { type EqualBytes, type EqualBytesFiles, readEqualBytes } from "./equal-bytes.ts";
export {
  type Baseline,
  type Baselines,
  type Estimate,
  type Evaluation,
  evaluationSchema,
  type MaskLabelErrors,
  type RunEvaluation,
} from "./evaluation-schema.ts";
export { withPrior } from "./evaluations.ts";
export { FIGURES, type FigureKey, figureKeys, figureText, runFigures } from "./figures.ts";
export {
  damaged,
  exists,
  hashOf,
  hashOfFile,
  hashOfTensors,
  readIfThere,
  readJsonIfThere,
  readTextIfThere,
} from "./files.ts";
export { HIDDEN, isPlace, withoutPlaces } from "./hidden-places.ts";
export { listRuns, type RunDetails, type RunSummary, readRun, runNames } from "./list-runs.ts";
export { lockRun } from "./lock.ts";
export { type MetricsFiles, openMetricsLog } from "./metrics-log.ts";
export type { MetricsRow, TrainMetrics, ValidationMetrics } from "./metrics-schema.ts";
export { codeGrids, missing, type Need, neededFile, trainedModel, trainedPrior } from "./needs.ts";
export { noRun } from "./no-run.ts";
export {
  type Limit,
  type Novelty,
  noveltySchema,
  type PictureDistances,
  type Spread,
  type ThreePairs,
} from "./novelty-schema.ts";
export { type OpenRun, openRun } from "./open-run.ts";
export { type PairedSlices, type PairFiles, readPairs } from "./pairs.ts";
export { LARGEST_YAML, type ParsedYaml, parseYaml } from "./parse-yaml.ts";
export {
  type HeldOutLikelihood,
  type Likelihood,
  type PriorEvaluation,
  writePriorEvaluation,
} from "./prior-evaluation.ts";
export { frameFile, frameSteps, originalsFile } from "./progression.ts";
export { writeRecord } from "./record.ts";
export { MAX_CODES, type RunInfo } from "./record-schema.ts";
export { type RunPaths, runPaths } from "./run-paths.ts";
export {
  eachSliceFigure,
  measureSlice,
  SLICE_FIGURES,
  type SliceFigureKey,
  type SliceFigures,
  sliceFigureKeys,
  withUnit,
} from "./slice-figures.ts";
export { type KeptSubjects, readSubjects, writeSubjects } from "./subjects.ts";
