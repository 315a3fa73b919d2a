// Reads all slices of a data set once, or passes over them from a cache; prints a line of JSON. Started by `benchmarkLoading`.
import { random } from "@slicebook/base";
import { SPLITS } from "@slicebook/datasets";
import { openDataset, readSlices } from "@slicebook/datasets/node";
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
const config = { adapter, root, size, sizePolicy: "crop" } as const;
const start = performance.now();
const seconds = () => (performance.now() - start) / 1000;

/** Every value of every slice, in its own units and as float32, in this thread: as the peer has them. */
async function read(): Promise<Loaded> {
  const image = new Float32Array(size[0] * size[1]);
  let slices = 0;
  let sum = 0;
  await readSlices(config, {
    workers,
    onSlice(_record, values) {
      image.set(values);
      sum += total(image);
      slices += 1;
    },
  });
  return { slices, sum, decoded: slices, opened: seconds(), passes: [], peakMemory: peakMemory() };
}

/** Passes over all preprocessed slices in shuffled batches. */
async function pass(): Promise<Loaded> {
  const data = await openDataset({ ...config, cache }, { workers });
  const sets = SPLITS.map((split) => data.splits[split]);
  const opened = seconds();
  let sum = 0;
  const passes: number[] = [];
  const images = new Float32Array(batch * size[0] * size[1]);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const begun = seconds();
    for (const set of sets) {
      const order = random(0, "epoch", epoch).permutation(set.records.length);
      for (let at = 0; at < order.length; at += batch)
        sum += set.images(order.subarray(at, at + batch), images)[0]!;
    }
    passes.push(seconds() - begun);
  }
  const slices = sets.reduce((count, { records }) => count + records.length, 0);
  return { slices, sum, decoded: data.decoded, opened, passes, peakMemory: peakMemory() };
}

console.log(JSON.stringify(await (epochs === 0 ? read() : pass())));
