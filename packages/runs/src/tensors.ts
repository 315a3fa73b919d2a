// What a run keeps of tensors; the other entries load none of TensorFlow.js.
export {
  type Checkpoint,
  checkedCarry,
  type LossScale,
  loadCheckpoint,
  readSafetensors,
  type Sums,
  saveCheckpoint,
  type TrainingState,
} from "./checkpoint.ts";
export {
  type CodeGrids,
  codesOf,
  joinGrids,
  type LevelGrids,
  loadCodes,
  neededCodes,
  saveCodes,
  splitCodes,
  takeGrids,
  takeRows,
} from "./code-grids.ts";
export { loadPreprocessing, savePreprocessing } from "./preprocessing.ts";
