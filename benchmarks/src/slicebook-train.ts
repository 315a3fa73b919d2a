// One measurement of Slicebook's training: prints a line of JSON. Started by `measureIn`.
import { createEngine } from "@slicebook/engine";
import { inPrecision } from "./in-precision.ts";
import { type Measurement, taskSchema, timeSteps } from "./measurement.ts";
import { median } from "./median.ts";
import { peakMemory } from "./peak-memory.ts";
import { referenceTraining } from "./reference-step.ts";

const {
  size,
  batch,
  engine: kind,
  threads,
  warmup,
  seconds,
} = taskSchema.parse(JSON.parse(process.argv[2] ?? ""));
const engine = await createEngine({ ...kind, threads });
const { carry, weightCount, ...training } = referenceTraining(size, batch);
const { step, signature, inputs } = inPrecision(training, kind.precision);
const loop = await engine.loop(step, carry, signature, { mixedPrecision: true });

// What a run does for a step, but for reading slices: draws its noise, takes it, and gets its metrics.
const durations = await timeSteps((number) => loop.next(inputs(number)), { warmup, seconds });
const measurement: Measurement = {
  engine: engine.description,
  version: process.versions.node,
  weights: weightCount,
  perSecond: (1000 * batch) / median(durations),
  steps: durations.length,
  peakMemory: peakMemory(),
};
console.log(JSON.stringify(measurement));
await loop.dispose();
await engine.dispose();
