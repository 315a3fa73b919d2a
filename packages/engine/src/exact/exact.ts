import {
  type Compiled,
  type CompileOptions,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type Loop,
  type Signature,
  type StepFunction,
  specsOf,
  type TensorEngine,
  type TensorFunction,
  type TensorSpec,
} from "@slicebook/base";
import { mapStructure, type Structure, type TracedOutput } from "@slicebook/tfjs-onnx";
import { matchSpecs, namedSpecs, typed } from "../check.ts";
import { inTurn } from "../in-turn.ts";
import { checkCarry, isTracedOutput, nameOf, traceAnyGraph } from "../traced.ts";
import { buildProgram } from "./program.ts";
import type { Values } from "./values.ts";

/**
 * An engine that gives the same bits on every machine, in Node and in a page, whatever runs beside it: for what has to be
 * repeated exactly, such as the probabilities that a decoder needs.
 *
 * Each operation has one order and rounding, and those of tfjs and ONNX Runtime play no part; functions with one that is
 * not known exactly are refused as they are compiled. One thread, in JavaScript.
 */
export function createExactEngine(): TensorEngine {
  return {
    compile: async (fn, signature, options = {}) => typed(compileExactly(fn, signature, options)),
    loop: async (step, carry, inputSignature, options = {}) =>
      loopExactly(step, carry, inputSignature, options),
  };
}

function compileExactly(
  fn: TensorFunction,
  signature: readonly Structure<TensorSpec>[],
  options: CompileOptions,
): Compiled {
  const name = nameOf(fn, options);
  const graph = traceAnyGraph(fn, signature, { ...options, name });
  const program = buildProgram(graph, name);
  const specs = [...graph.inputs, ...graph.unusedInputs];
  return {
    async run(...args) {
      const values = matchSpecs(name, specs, args);
      const given = new Map(specs.map((spec, index) => [spec.name, values[index]!]));
      for (const [input, target] of program.inputs) target.set(given.get(input)!.data);
      program.run();
      return mapStructure(graph.output, isTracedOutput, (leaf) =>
        leaf.kind === "input" ? given.get(leaf.name)! : toHost(program.outputs.get(leaf.name)!, leaf),
      );
    },
    dispose: async () => undefined,
  };
}

function loopExactly(
  step: StepFunction,
  initial: HostTensors,
  inputSignature: Signature,
  options: CompileOptions,
): Loop {
  const name = nameOf(step, options);
  const carrySpecs = namedSpecs(specsOf(initial));
  const inputSpecs = namedSpecs(inputSignature);
  const graph = traceAnyGraph(step, [specsOf(initial), inputSignature], { ...options, name });
  const [carryOutput, metricsOutput] = checkCarry(name, carrySpecs, graph);
  const program = buildProgram(graph, name);
  const taken = new Set([...program.inputs.values()].map(({ buffer }) => buffer));
  /** The outputs that do not lie in an input, which a new carry is written to. */
  const apart = new Set([...program.outputs.values()].filter(({ buffer }) => !taken.has(buffer)));
  /** What the loop is given and no output depends on; the rest lies in the program. */
  const aside = new Map<string, Values>();
  const inputValues = (input: string): Values => program.inputs.get(input) ?? aside.get(input)!;
  const put = (input: string, { data }: HostTensor): void => {
    const target = program.inputs.get(input);
    if (target === undefined) aside.set(input, data.slice());
    else target.set(data);
  };
  const valuesOf = ({ kind, name }: TracedOutput): Values =>
    kind === "input" ? inputValues(name) : program.outputs.get(name)!;
  const load = (tensors: HostTensors): void => {
    const values = matchSpecs(name, carrySpecs, tensors);
    for (const [index, spec] of carrySpecs.entries()) put(`0.${spec.name}`, values[index]!);
  };
  load(initial);
  return inTurn({
    async next(inputs) {
      const values = matchSpecs(name, inputSpecs, inputs);
      for (const [index, spec] of inputSpecs.entries()) put(`1.${spec.name}`, values[index]!);
      program.run();
      const metrics = Object.fromEntries(
        Object.entries(metricsOutput).map(([key, output]) => [key, toHost(valuesOf(output), output)]),
      );
      const changed = carrySpecs.flatMap(({ name }) => {
        const [to, from] = [inputValues(`0.${name}`), valuesOf(carryOutput[name]!)];
        return to === from ? [] : [{ to, from: apart.has(from) ? from : from.slice() }];
      });
      for (const { to, from } of changed) to.set(from);
      return metrics;
    },
    async read() {
      return Object.fromEntries(
        carrySpecs.map(({ name, spec }) => [name, toHost(inputValues(`0.${name}`), { spec })]),
      );
    },
    replace: async (tensors) => load(tensors),
    dispose: async () => undefined,
  });
}

function toHost(values: Values, { spec: { dtype, shape } }: Pick<TracedOutput, "spec">): HostTensor {
  return dtype === "float32"
    ? float32(Float32Array.from(values), shape)
    : int32(Int32Array.from(values), shape);
}
