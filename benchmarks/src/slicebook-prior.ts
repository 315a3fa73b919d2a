// One measurement of Slicebook's training of the prior: prints a line of JSON. Started by `measureIn`.
import { float32, int32, random, sizeOf } from "@slicebook/base";
import { codesName, stepInputs } from "@slicebook/core";
import { createEngine } from "@slicebook/engine";
import { pixelcnn } from "@slicebook/prior-pixelcnn";
import { inPrecision } from "./in-precision.ts";
import { type Measurement, priorTaskSchema, timeSteps } from "./measurement.ts";
import { median } from "./median.ts";
import { peakMemory } from "./peak-memory.ts";
import { pixelcnnAsPeer } from "./pixelcnn-as-peer.ts";

const SEED = 0;

const {
  model,
  size,
  batch,
  engine: kind,
  threads,
  warmup,
  seconds,
} = priorTaskSchema.parse(JSON.parse(process.argv[2] ?? ""));
const { codes, learningRate, ...sizes } = model;
const [rows, columns] = size;
const config = pixelcnnAsPeer({ ...sizes, optimizer: { learningRate } });
const prior = pixelcnn.bind(config, { levels: [{ codes, rows, columns }], classes: 0 });
const part = prior.parts[0]!;
const shape = [batch, rows, columns];
const stream = random(SEED, "grids");
const grids = int32(
  Int32Array.from({ length: sizeOf(shape) }, () => stream.integer(codes)),
  shape,
);
const carry = part.initialCarry(SEED);
const engine = await createEngine({ ...kind, threads });
const training = {
  step: part.trainStep,
  signature: stepInputs(prior, part, batch),
  inputs: (step: number) => ({
    ...part.stepNoise({ seed: SEED, step, batch }),
    [codesName(0)]: grids,
    progress: float32([0], []),
  }),
};
const { step, signature, inputs } = inPrecision(training, kind.precision);
const loop = await engine.loop(step, carry, signature, { mixedPrecision: true });

const durations = await timeSteps((number) => loop.next(inputs(number)), { warmup, seconds });
const weights = Object.entries(carry).filter(([name]) => name.startsWith("weights."));
const measurement: Measurement = {
  engine: engine.description,
  version: process.versions.node,
  weights: weights.reduce((sum, [, tensor]) => sum + sizeOf(tensor.shape), 0),
  perSecond: (1000 * batch) / median(durations),
  steps: durations.length,
  peakMemory: peakMemory(),
};
console.log(JSON.stringify(measurement));
await loop.dispose();
await engine.dispose();
