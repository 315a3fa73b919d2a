// One measurement of Slicebook's sampler: prints a line of JSON. Started by `measureIn`.
import { sizeOf } from "@slicebook/base";
import { createEngine } from "@slicebook/engine";
import { pixelcnn } from "@slicebook/prior-pixelcnn";
import { transformer } from "@slicebook/prior-transformer";
import { type Measurement, type SampleTask, sampleTaskSchema } from "./measurement.ts";
import { median } from "./median.ts";
import { peakMemory } from "./peak-memory.ts";
import { pixelcnnAsPeer } from "./pixelcnn-as-peer.ts";

const SEED = 0;

const task = sampleTaskSchema.parse(JSON.parse(process.argv[2] ?? ""));
const { batch, engine: kind, threads, warmup, seconds } = task;
const prior = boundPrior(task);
const weights = prior.parameters(prior.parts[0]!.initialCarry(SEED), { average: false });
const engine = await createEngine({ ...kind, threads });

// A draw is all of it: graphs are traced and sessions made anew each time, as for one call of a user.
const draw = (seed: number) => prior.sample(engine, weights, { count: batch, seed });
for (let seed = 0; seed < warmup; seed++) await draw(seed);
const durations: number[] = [];
const end = performance.now() + 1000 * seconds;
while (durations.length === 0 || performance.now() < end) {
  const start = performance.now();
  await draw(warmup + durations.length);
  durations.push(performance.now() - start);
}
const measurement: Measurement = {
  engine: engine.description,
  version: process.versions.node,
  weights: Object.values(weights).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  perSecond: (1000 * batch) / median(durations),
  steps: durations.length,
  peakMemory: peakMemory(),
};
console.log(JSON.stringify(measurement));
await engine.dispose();

function boundPrior({ prior, model: { codes, ...sizes }, size: [rows, columns] }: SampleTask) {
  const space = { levels: [{ codes, rows, columns }], classes: 0 };
  if (prior === "transformer") return transformer.bind(transformer.schema.parse(sizes), space);
  return pixelcnn.bind(pixelcnnAsPeer(sizes), space);
}
