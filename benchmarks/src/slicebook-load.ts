// Loads a data set once, or passes over it twice from a cache; prints a line of JSON. Started by `benchmarkLoading`.
import { random } from "@slicebook/base";
import { SPLITS } from "@slicebook/datasets";
import { openDataset } from "@slicebook/datasets/node";
import { type Loaded, loadTaskSchema } from "./load-task.ts";
import { peakMemory } from "./peak-memory.ts";

function total(values: Float32Array): number {
  // Four sums at a time, as numpy has: a single one waits for each addition.
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  let index = 0;
  for (; index + 4 <= values.length; index += 4) {
    sums[0] += values[index]!;
    sums[1] += values[index + 1]!;
    sums[2] += values[index + 2]!;
    sums[3] += values[index + 3]!;
  }
  for (; index < values.length; index++) sums[0] += values[index]!;
  return sums[0] + sums[1] + sums[2] + sums[3];
}

const { adapter, root, size, workers, cache, epochs, batch } = loadTaskSchema.parse(
  JSON.parse(process.argv[2] ?? ""),
);
const start = performance.now();
const seconds = () => (performance.now() - start) / 1000;
const data = await openDataset({ adapter, root, size, sizePolicy: "crop", cache }, { workers });
const sets = SPLITS.map((split) => data.splits[split]);
const opened = seconds();
let sum = 0;
const passes: number[] = [];
const images = new Float32Array(batch * size[0] * size[1]);
if (epochs === 0) {
  for (const set of sets) {
    // Every value, in its own units, in this thread, as the peer has them.
    const order = Array.from(set.records.keys());
    for (let at = 0; at < order.length; at += batch)
      sum += total(set.originals(order.slice(at, at + batch), images));
  }
}
for (let epoch = 0; epoch < epochs; epoch++) {
  const begun = seconds();
  for (const set of sets) {
    const order = random(0, "epoch", epoch).permutation(set.records.length);
    for (let at = 0; at < order.length; at += batch)
      sum += set.images(order.subarray(at, at + batch), images)[0]!;
  }
  passes.push(seconds() - begun);
}
const result: Loaded = {
  slices: sets.reduce((count, { records }) => count + records.length, 0),
  sum,
  decoded: data.decoded,
  opened,
  passes,
  peakMemory: peakMemory(),
};
console.log(JSON.stringify(result));
