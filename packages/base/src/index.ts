export { counted } from "./counted.ts";
export { crc32, crc32c } from "./crc32.ts";
export { interruptedError, isSlicebookError, SlicebookError, type SlicebookErrorOptions } from "./error.ts";
export { type ErrorCode, errorCodes } from "./error-codes.ts";
export { fixedExp, fixedSigmoid, fixedTanh } from "./fixed-math.ts";
export { philox, type Random, type RandomKey, random } from "./random.ts";
export { shellQuote } from "./shell-quote.ts";
export {
  float32,
  floats,
  type HostTensor,
  type HostTensors,
  int32,
  integers,
  type Signature,
  sizeOf,
  specsOf,
  type TensorSpec,
} from "./tensor.ts";
export type {
  Compiled,
  CompileOptions,
  DeviceTensor,
  Loop,
  OnHost,
  StepFunction,
  Structure,
  TensorEngine,
  TensorFunction,
} from "./tensor-engine.ts";
