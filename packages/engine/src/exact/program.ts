import { SlicebookError, sizeOf } from "@slicebook/base";
import type { TracedGraph, TracedOperand } from "@slicebook/tfjs-onnx";
import { elementwiseKernels } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";
import { moveKernels } from "./moves.ts";
import { productKernels, roomForProduct } from "./products.ts";
import { reductionKernels } from "./reductions.ts";
import { createRoom, roomFor } from "./room.ts";
import type { Operand, Values } from "./values.ts";

const KERNELS = new Map<string, Kernel>(
  Object.entries({ ...moveKernels, ...elementwiseKernels, ...reductionKernels, ...productKernels }),
);

/** A traced function that is ready to run. */
export interface Program {
  /** Where the values of its inputs are written before it runs, by name. */
  readonly inputs: ReadonlyMap<string, Values>;
  /** Where those of its outputs are afterwards; they may lie in an input. */
  readonly outputs: ReadonlyMap<string, Values>;
  run(): void;
}

/** Gives every value of a graph a place, and computes what depends on no input. Throws `ENGINE_LACKS_KERNEL`. */
export function buildProgram(graph: TracedGraph, name: string): Program {
  const missing = [...new Set(graph.nodes.map(({ op }) => op))].filter((op) => !KERNELS.has(op));
  if (missing.length > 0) {
    throw new SlicebookError(
      "ENGINE_LACKS_KERNEL",
      `${name}: exact arithmetic lacks what it needs: there is no ${missing.join(", ")}`,
      { remedy: "Use an engine for which last bits do not matter." },
    );
  }
  const room = createRoom(bytesFor(graph));
  const inputs = new Map(
    graph.inputs.map(({ name, spec }) => [name, room.allocate(spec.dtype, sizeOf(spec.shape))] as const),
  );
  const results: { readonly values: readonly Values[]; readonly constant: boolean }[] = [];
  const operandOf = (operand: TracedOperand): Operand => {
    const { type, shape } = operand;
    if (operand.kind === "input") return { type, shape, values: inputs.get(operand.name)!, constant: false };
    if (operand.kind === "result") {
      const { values, constant } = results[operand.node]!;
      return { type, shape, values: values[operand.output]!, constant };
    }
    const values = room.allocate(type, sizeOf(shape));
    if (operand.kind === "filled") values.fill(operand.value);
    else if (operand.data instanceof BigInt64Array) values.set(Float64Array.from(operand.data, Number));
    else values.set(operand.data);
    return { type, shape, values, constant: true };
  };
  const steps: (() => void)[] = [];
  for (const { op, attributes, inputs, outputs } of graph.nodes) {
    const operands = inputs.map((operand) => operand && operandOf(operand));
    const step = KERNELS.get(op)!({ op, attributes, inputs: operands, outputs, room });
    const constant = operands.every((operand) => operand?.constant ?? true);
    results.push({ values: step.outputs, constant });
    if (constant) step.run?.();
    else if (step.run !== undefined) steps.push(step.run);
  }
  return {
    inputs,
    outputs: new Map(graph.outputs.map(({ name, from }) => [name, operandOf(from).values])),
    run: () => {
      for (const step of steps) step();
    },
  };
}

/** As many bytes as the values of a graph take at most: some lie in others. */
function bytesFor({ inputs, nodes, outputs }: TracedGraph): number {
  const bytesOf = ({ shape }: { readonly shape: readonly number[] }) => roomFor(sizeOf(shape));
  const constants = [...nodes.flatMap((node) => node.inputs), ...outputs.map(({ from }) => from)].filter(
    (operand) => operand?.kind === "constant" || operand?.kind === "filled",
  );
  return [
    ...inputs.map(({ spec }) => bytesOf(spec)),
    ...constants.map((operand) => bytesOf(operand!)),
    ...nodes.flatMap((node) => [...node.outputs.map(bytesOf), roomForProduct(node)]),
  ].reduce((sum, bytes) => sum + bytes, 0);
}
