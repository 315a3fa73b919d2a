import type { Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type ConstantTensor, flatten, type Structure } from "../src/index.ts";
import { jittered, type RandomGraph, randomGraph } from "./random-graphs.ts";
import { isConstant, runEager, runTraced, traceFor } from "./run.ts";

/** As many share a session as make it cheap, and few enough to find the one at fault. */
const CHUNK = 40;
const GRAPHS = 2000;

/** Compares graphs with TensorFlow.js, many as one function; those that differ, as programs to run. */
async function differing(graphs: readonly RandomGraph[]): Promise<string[]> {
  const together = (...args: Tensor[][]) => graphs.map(({ fn }, index) => fn(...args[index]!));
  const args = graphs.map(({ args }) => args);
  try {
    const results = (await runTraced(traceFor(together as never, args), args)) as Structure<ConstantTensor>[];
    return graphs.flatMap((graph, index) => {
      const gap = largestGap(results[index]!, runEager(graph.fn as never, graph.args));
      return gap < 1e-4 || isUnstable(graph, graph.args) ? [] : [`off by ${gap}: ${program(graph)}`];
    });
  } catch (error) {
    if (graphs.length === 1) return [`${error}: ${program(graphs[0]!)}`];
    const half = Math.ceil(graphs.length / 2);
    return [...(await differing(graphs.slice(0, half))), ...(await differing(graphs.slice(half)))];
  }
}

/** The largest difference, relative to the tensor's largest value and to a hundredth where all are small. */
function largestGap(ours: Structure<ConstantTensor>, theirs: Structure<ConstantTensor>): number {
  const [left, right] = [ours, theirs].map((result) => flatten(result, isConstant).map(({ leaf }) => leaf));
  const gaps = right!.map(({ data, shape, dtype }, index) => {
    const actual = left![index]!;
    if (actual.dtype !== dtype || actual.shape.join() !== shape.join()) return Number.POSITIVE_INFINITY;
    const values = Array.from(data);
    const scale = Math.max(0.01, ...values.map(Math.abs));
    const apart = values.map((value, at) =>
      Object.is(value, actual.data[at]) ? 0 : Math.abs(value - actual.data[at]!),
    );
    return apart.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...apart) / scale;
  });
  return Math.max(0, ...gaps);
}

/** Whether rounding alone changes the result: a step, or a tie of equals, just where a value lies. */
function isUnstable(graph: RandomGraph, args: readonly ConstantTensor[]): boolean {
  unstable.add(graph.seed);
  const exact = runEager(graph.fn as never, args);
  return [1, 2, 3, 4].some(
    (seed) => largestGap(runEager(jittered({ ...graph, seed }) as never, args), exact) > 1e-4,
  );
}

/** The graphs that were asked about. */
const unstable = new Set<number>();

function program({ seed, text, args }: RandomGraph): string {
  const tensors = args.map(({ shape, dtype, data }) => `tf.tensor([${data}], [${shape}], "${dtype}")`);
  return `seed ${seed}\n(${text})(${tensors.join(", ")})`;
}

describe("computes what TensorFlow.js does of functions drawn at random:", () => {
  it(`${GRAPHS} functions of 3 to 12 ops, with their gradients`, async () => {
    const wrong: string[] = [];
    let gradients = 0;
    for (let start = 0; start < GRAPHS; start += CHUNK) {
      const graphs = Array.from({ length: CHUNK }, (_, index) => randomGraph(start + index));
      gradients += graphs.filter(({ hasGradients }) => hasGradients).length;
      wrong.push(...(await differing(graphs)));
    }
    expect(wrong.join("\n\n")).toBe("");
    expect(unstable.size).toBeLessThan(GRAPHS / 20);
    expect(gradients).toBeGreaterThan(GRAPHS / 4);
  }, 600_000);
});
