export type { Target } from "./graph.ts";
export { kernelNames } from "./kernels.ts";
export type { ConstantTensor, DType, Signature, TensorSpec } from "./spec.ts";
export { isTensorSpec } from "./spec.ts";
export { flatten, mapStructure, type Structure, type StructureLeaf, unflatten } from "./structure.ts";
export type {
  Parameters,
  SymbolicBatchOptions,
  TensorsOf,
  TracedGraph,
  TracedNode,
  TracedOperand,
  TracedOutput,
  TracedValue,
  TraceOptions,
  TraceResult,
} from "./trace.ts";
export { trace, traceGraph } from "./trace.ts";
export { TraceError, type TraceErrorCode } from "./trace-error.ts";
