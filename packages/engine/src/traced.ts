import {
  type CompileOptions,
  SlicebookError,
  type StepFunction,
  specsOf,
  type TensorFunction,
  type TensorSpec,
} from "@slicebook/base";
import {
  type Structure,
  type TracedGraph,
  type TracedOutput,
  TraceError,
  type TraceOptions,
  type TraceResult,
  trace,
  traceGraph,
} from "@slicebook/tfjs-onnx";
import { getKernel } from "@tensorflow/tfjs-core";
import { describeSpec, type NamedSpec } from "./check.ts";
import type { EngineKind } from "./engine.ts";

/** `trace` for functions whose arguments are checked as they run, not by their type. */
export const traceAny = trace as unknown as (
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  options: Pick<CompileOptions, "name" | "parameters"> & Pick<TraceOptions, "target" | "float16">,
) => TraceResult;

/** `traceGraph` for such functions. */
export const traceAnyGraph = traceGraph as unknown as (
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  options: CompileOptions,
) => TracedGraph;

/** What a function is called in messages: arrow functions that are passed as they are written have no name. */
export function nameOf(fn: TensorFunction | StepFunction, { name }: CompileOptions): string {
  return name || fn.name || "the function";
}

/**
 * Traces a function that will run eagerly, so that what would fail in the middle of a run fails before it.
 *
 * Throws where an op has no kernel on the backend, or the function is not pure. Undefined if the function has an op that
 * tfjs runs and ONNX has not: then it is only known as it runs.
 */
export function traceForEager(
  backend: EngineKind,
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  { name, parameters }: CompileOptions & { readonly name: string },
): TraceResult | undefined {
  const traced = tryToTrace(fn, parameters ? [specsOf(parameters), ...signature] : signature, name);
  const missing = traced?.kernels.filter((kernel) => getKernel(kernel, backend) === undefined) ?? [];
  if (missing.length > 0) {
    throw new SlicebookError(
      "ENGINE_LACKS_KERNEL",
      `${name}: the engine "${backend}" lacks what it needs: tfjs has no ${missing.join(", ")} for this backend`,
      { remedy: "Use another engine.kind; training needs onnx, webgpu or cpu." },
    );
  }
  return traced;
}

function tryToTrace(
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  name: string,
): TraceResult | undefined {
  try {
    return traceAny(fn, signature, { name });
  } catch (error) {
    if (error instanceof TraceError && ["TRACE_UNKNOWN_KERNEL", "TRACE_UNSUPPORTED"].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}

type TracedStep = [carry: Record<string, TracedOutput>, metrics: Record<string, TracedOutput>];

/** What a traced step gives; throws if its carry changed its form, since it could not be fed back. */
export function checkCarry(
  name: string,
  before: readonly NamedSpec[],
  { output }: Pick<TraceResult, "output">,
): TracedStep {
  const [after, metrics] = output as TracedStep;
  for (const { name: key, spec } of before) {
    const updated = after[key];
    if (updated === undefined || describeSpec(updated.spec) !== describeSpec(spec)) {
      const returned = updated === undefined ? "missing" : describeSpec(updated.spec);
      throw new SlicebookError(
        "CARRY_CHANGED",
        `${name}: the carry's "${key}" was ${describeSpec(spec)} and comes back ${returned}`,
        {
          remedy: "Give every tensor of the carry back with its name, shape and type.",
        },
      );
    }
  }
  const extra = Object.keys(after).filter((key) => !before.some((entry) => entry.name === key));
  if (extra.length > 0) {
    throw new SlicebookError(
      "CARRY_CHANGED",
      `${name}: the carry comes back with new tensors: ${extra.join(", ")}`,
      {
        remedy: "Put what is only for inspection among the metrics.",
      },
    );
  }
  return [after, metrics];
}

/** Whether a part of a traced result is a tensor's place rather than a record of them. */
export function isTracedOutput(value: unknown): value is TracedOutput {
  return typeof value === "object" && value !== null && "kind" in value && "spec" in value;
}
