export {
  type AdamOptions,
  adam,
  clipByGlobalNorm,
  globalNorm,
  movingAverage,
} from "./adam.ts";
export {
  type CodeLevel,
  type CodeSpace,
  type CovariateSpace,
  codeGridsIn,
  codesName,
  gridSpecs,
} from "./code-space.ts";
export {
  type PriorCoding,
  packByPrior,
  packForRate,
  type RateOptions,
  unpackByPrior,
} from "./compression/code-by-prior.ts";
export { type CodeTable, codeBits, codeTable, logitTable, tablesChecksum } from "./compression/code-table.ts";
export {
  CODED_HASH_DIGITS,
  type CompressedFile,
  type CompressedSlice,
  type CompressionRun,
  listCompressed,
  type OpenedFiles,
  openCompressed,
  type ReadSlice,
  TABLES_HASH_DIGITS,
} from "./compression/compressed-slices.ts";
export { packCodes, unpackCodes } from "./compression/pack-codes.ts";
export {
  CODED_AT_ONCE,
  createPriorCoder,
  type PriorCoder,
  type PriorCoderOptions,
  type SliceCodes,
} from "./compression/prior-coder.ts";
export type { SealedCodes } from "./compression/sealed-codes.ts";
export { decodeSlbk, encodeSlbk, type SlbkHeader, slbkOverhead } from "./compression/slbk.ts";
export {
  type ArchivedSlice,
  type CodedBy,
  type CodedSlice,
  decodeArchive,
  decodeCodedSlice,
  encodeArchive,
  encodeCodedSlice,
  slbkKind,
} from "./compression/slbk-by-prior.ts";
export type { SliceRecord } from "./compression/slice-record.ts";
export {
  ARCHITECTURES,
  MAX_CODES,
  PRESETS,
  type PresetName,
  presets,
  type VqvaeConfig,
  vqvaeSchema,
} from "./config.ts";
export { type LossAndMore, lossAndGradients, withoutGradient } from "./gradients.ts";
export { type AddGrainOptions, addGrain, type Grain, grainSchema, learnGrain } from "./grain.ts";
export { hashedParts } from "./hashed-parts.ts";
export { inFloat32 } from "./in-float32.ts";
export { type Clusters, type KmeansOptions, kmeans } from "./kmeans.ts";
export { convolution, transposedConvolution } from "./layers.ts";
export { type LevelLikelihood, likelihoodMap } from "./likelihood-map.ts";
export { lossScaleInputs, withLossScale } from "./loss-scale.ts";
export { areaMeans, reducedSize } from "./metrics/area-means.ts";
export { bitsPerPixel, codesInUse, countCodes, entropyBits, perplexity } from "./metrics/codes.ts";
export { coverageAndDensity } from "./metrics/coverage-density.ts";
export { frechetDistance, medianDistance, mmd } from "./metrics/distribution.ts";
export { mse, psnr } from "./metrics/error.ts";
export type { ImageSize, Pixels } from "./metrics/image.ts";
export { laplacianPyramid, type PyramidLevel, pyramidSizes } from "./metrics/laplacian-pyramid.ts";
export { type LinearClassifier, logisticRegression } from "./metrics/logistic-regression.ts";
export { type MultiScaleSimilarity, msSsim } from "./metrics/ms-ssim.ts";
export { countOf, type Points, squaredDistance } from "./metrics/points.ts";
export {
  REDUCED_SIDE,
  reducedPictures,
  type SliceFeatures,
  sliceFeatures,
} from "./metrics/slice-features.ts";
export {
  PATCH_SIDE,
  type PyramidDistance,
  type PyramidDistanceOptions,
  pyramidDistances,
  randomDirections,
  slicedWasserstein,
} from "./metrics/sliced-wasserstein.ts";
export { seamSsim, ssim, ssimDefault } from "./metrics/ssim.ts";
export { FEWEST_SUBJECTS, type MetricScale, type Summary, summarise } from "./metrics/summary.ts";
export {
  aucOverFolds,
  dealtFolds,
  type Folds,
  standardError,
  type TwoSampleOptions,
  type TwoSampleSet,
  twoSampleAuc,
} from "./metrics/two-sample-auc.ts";
export { clippedToUnit, ownUnitRange, rangeOf, toUnitRange, type UnitPair } from "./metrics/unit-range.ts";
export {
  initialTraining,
  type OptimizerConfig,
  optimizerDefaults,
  optimizerSchema,
  scheduledRate,
  trainedWeights,
  trainingSpecs,
  trainingUpdate,
} from "./optimizer.ts";
export {
  checkTensors,
  mapRecord,
  type Params,
  param,
  type TensorRecord,
  withoutPrefix,
  withPrefix,
  zerosLike,
} from "./params.ts";
export { forLevels, ofLevel, type PerLevel, perLevel } from "./per-level.ts";
export { rowProducts, throughComponents } from "./principal-components.ts";
export {
  CONDITIONS,
  type Condition,
  type ConditionValues,
  conditionSpecs,
  lastingConditions,
  UNKNOWN,
} from "./prior/conditions.ts";
export { type ContextRows, contextOf, contextSource, contextWeights } from "./prior/context.ts";
export type {
  BoundPrior,
  CodePlace,
  CodeScores,
  DrawnRow,
  GivenCodes,
  Prior,
  PriorPart,
  SampleOptions,
} from "./prior/contract.ts";
export { crossEntropyStep, scoreByLogits } from "./prior/cross-entropy.ts";
export { type DrawOptions, drawCode } from "./prior/draw-code.ts";
export { drawLevels, rowOf, slicePositionAt, uniformAt } from "./prior/draw-levels.ts";
export { type GridSpace, gridSpaces, levelPrefix } from "./prior/grid-space.ts";
export { dropChannels } from "./prior/level-noise.ts";
export { levelOptimizer } from "./prior/level-optimizer.ts";
export { conditionDropoutOption, corruptionOption, slicePositionOption } from "./prior/level-options.ts";
export type { CodeLogits, Lanes, LevelSampler, OpenLevel } from "./prior/level-sampler.ts";
export { checkCarry, scoreOf, stepInputs } from "./prior/parts.ts";
export { preparedTogether } from "./prior/prepared-together.ts";
export {
  type LevelInput,
  type LevelNetwork,
  type LevelSession,
  priorByLevel,
} from "./prior/prior-by-level.ts";
export {
  addSliceBiases,
  type SliceConditions,
  sliceBiasWeights,
  sliceConditionSpecs,
} from "./prior/slice-biases.ts";
export { decodeSafetensors, encodeSafetensors, type Safetensors } from "./safetensors.ts";
export type { TrainStepOptions } from "./train-step.ts";
export type { BoundVqvae } from "./vqvae.ts";
export * as vqvae from "./vqvae.ts";
export { constant, drawWeights, fanInUniform, type Weight, type Weights } from "./weights.ts";
