// One measurement of Slicebook's training: prints a line of JSON. Started by `measureIn`.
import { float32, type HostTensors, random, sizeOf } from "@slicebook/base";
import { presets, vqvae } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { type Measurement, taskSchema, timeSteps } from "./measurement.ts";
import { median } from "./median.ts";
import { peakMemory } from "./peak-memory.ts";

const SEED = 0;
/** Different batches, taken in turn. */
const BATCHES = 4;

const {
  size,
  batch,
  engine: kind,
  threads,
  warmup,
  seconds,
} = taskSchema.parse(JSON.parse(process.argv[2] ?? ""));
// The published loss, as the peer has it: the squared error, without the similarity that our default adds.
const config = { ...presets.reference, loss: { ...presets.reference.loss, ssim: 0 } };
const shape = [batch, ...size, 1];
const batches = Array.from({ length: BATCHES }, (_, index) =>
  float32(random(SEED, "images", index).normals(sizeOf(shape)), shape),
);
const model = vqvae.bind(config, size);
// The codes are in use from the first step on, as they are for most of a run.
const carry = { ...model.initialCarry(SEED), "quantizer.active": float32([1], []) };
const engine = await createEngine({ ...kind, threads });
const loop = await engine.loop(model.trainStep({ dataVariance: 1 }), carry, model.stepInputs(batch));

/** What a run does for a step, but for reading slices: draws its noise, takes it, and gets its metrics. */
async function takeStep(step: number): Promise<HostTensors> {
  const noise = model.stepNoise({ seed: SEED, step, batch });
  return loop.next({ ...noise, images: batches[step % BATCHES]!, progress: float32([0], []) });
}

const durations = await timeSteps(takeStep, { warmup, seconds });
const measurement: Measurement = {
  engine: engine.description,
  version: process.versions.node,
  weights: model.weightCount,
  perSecond: (1000 * batch) / median(durations),
  steps: durations.length,
  peakMemory: peakMemory(),
};
console.log(JSON.stringify(measurement));
await loop.dispose();
await engine.dispose();
