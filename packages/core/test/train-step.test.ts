import { readFileSync } from "node:fs";
import { float32, type HostTensors, int32, random, specsOf } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type BoundVqvae, PRESETS, type VqvaeConfig, vqvae, vqvaeSchema } from "../src/index.ts";
import { expectClose, load, read, readOne, values, wave } from "./support.ts";

const size = [16, 8] as const;
const loss = { ssim: 0, msSsim: 0 } as const;
const tiny = { loss, width: 8, residualWidth: 4, codes: 8, codeDimension: 3 } as const;

/** Smooth blobs, so that there is something to learn. */
function blobs(batch: number, seed: number, [height, width]: readonly [number, number] = size): tf.Tensor {
  const stream = random(seed, "blobs");
  const data = Array.from({ length: batch }, () => {
    const [y0, x0, radius] = [stream.uniform() * height, stream.uniform() * width, 2 + 3 * stream.uniform()];
    return Array.from({ length: height * width }, (_, index) => {
      const [y, x] = [Math.floor(index / width), index % width];
      return 3 * Math.exp(-((y - y0) ** 2 + (x - x0) ** 2) / radius ** 2) - 0.5;
    });
  }).flat();
  return tf.tensor(data, [batch, height, width, 1]);
}

/** Trains for some steps of the same images; gives the carry on the host and each step's metrics. */
function train(
  config: VqvaeConfig,
  steps: number,
  { seed = 0, start = vqvae.bind(config, size).initialCarry(seed) } = {},
) {
  const model = vqvae.bind(config, size);
  const step = model.trainStep({ dataVariance: 1 });
  const images = blobs(4, 1);
  let carry = load(start);
  const history: Record<string, number>[] = [];
  for (let index = 0; index < steps; index++) {
    const noise = model.stepNoise({ seed, step: index, batch: 4 });
    const [next, metrics] = step(carry, { images, progress: tf.scalar(index / steps), ...load(noise) });
    history.push(
      Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, values(metric)[0]!])),
    );
    tf.dispose(carry);
    carry = next;
  }
  return { carry: read(carry), history };
}

const goldenSchema = z.array(
  z.object({
    kind: z.enum(["ema", "codebook-loss"]),
    preset: z.enum(["reference", "patch"]),
    metrics: z.array(z.record(z.string(), z.number())),
    codebook: z.array(z.number()),
    usage: z.array(z.number()),
    digests: z.record(z.string(), z.tuple([z.number(), z.number()])),
    indices: z.array(z.number()),
    images: z.array(z.number()),
  }),
);
const golden = goldenSchema.parse(
  JSON.parse(readFileSync(new URL("./golden/training.json", import.meta.url), "utf8")),
);

describe("a training step", () => {
  it.each(golden)("equals PyTorch's: $preset, $kind", (expected) => {
    const config = vqvaeSchema.parse({
      preset: expected.preset,
      ...tiny,
      residualBlocks: 2,
      warmupSteps: 0,
      quantizer: { kind: expected.kind, decay: 0.6, restartBelow: 0.4 },
      optimizer: { learningRate: 1e-2, warmupSteps: 2, clipNorm: 0.3, averageDecay: 0.9 },
    });
    const model = vqvae.bind(config, size);
    let carry = load(waveCarry(model));
    const step = model.trainStep({ dataVariance: 0.5 });
    for (const [index, wanted] of expected.metrics.entries()) {
      const { dead: _, ...metricsWanted } = wanted;
      const restarts = Int32Array.from({ length: 8 }, (_, code) => (7 * code + 3 * index) % 16);
      const inputs = {
        images: wave([2, ...size, 1], 1.2, 100 + index),
        progress: float32([index / 3], []),
        "restarts.0": int32(restarts, [8]),
      };
      const [next, metrics] = step(carry, load(inputs));
      const names = Object.keys(metricsWanted);
      expect(Object.keys(metrics).sort()).toEqual(names.sort());
      for (const name of names) expectClose(values(metrics[name]!), [metricsWanted[name]!], 2e-4, name);
      carry = next;
    }
    const trained = read(carry);
    const codebook = expected.kind === "ema" ? "quantizer.codebook.0" : "weights.codebook.0";
    expectClose(trained[codebook]!.data, expected.codebook, 2e-4, codebook);
    expectClose(trained["quantizer.usage.0"]!.data, expected.usage, 1e-5, "usage");
    for (const [name, [sum, norm]] of Object.entries(expected.digests)) {
      const stored = trained[name]!;
      const data = [...stored.data];
      const found = [data.reduce((total, value) => total + value, 0), Math.hypot(...data)];
      const scale = norm * Math.sqrt(data.length);
      expect(Math.abs(found[0]! - sum), `sum of ${name}`).toBeLessThan(1e-3 * scale);
      expect(Math.abs(found[1]! - norm), `norm of ${name}`).toBeLessThan(1e-3 * norm);
    }
    const params = load(model.parameters(trained, { average: false }));
    const result = model.reconstruct(params, load({ images: wave([1, ...size, 1], 1.2, 103) }).images!);
    expect(values(result.codes[0]!)).toEqual(expected.indices);
    expectClose(values(result.images), expected.images, 1e-3, "images");
  });

  it.each(PRESETS)("lowers the loss and keeps codes in use: %s", (preset) => {
    const config = vqvaeSchema.parse({
      preset,
      hierarchy: 1,
      ...tiny,
      warmupSteps: 10,
      optimizer: { learningRate: 1e-2, warmupSteps: 0 },
    });
    const warm = train(config, 10);
    const images = blobs(4, 1);
    const model = vqvae.bind(config, size);
    const params = load(model.parameters(warm.carry, { average: false }));
    const encodings = model.features(params, images).map(readOne);
    const start = model.withCodebook(warm.carry, encodings, { seed: 0 });
    const { history } = train(config, 40, { start });
    expect(history.at(-1)!.reconstruction).toBeLessThan(0.6 * warm.history[0]!.reconstruction!);
    expect(history.at(-1)!.perplexity).toBeGreaterThan(2);
  });

  it("repeats itself for a seed, and frees all but its result", () => {
    const config = vqvaeSchema.parse({ ...tiny, warmupSteps: 1 });
    const first = train(config, 3, { seed: 5 });
    expect(train(config, 3, { seed: 5 })).toEqual(first);
    expect(train(config, 3, { seed: 6 }).history).not.toEqual(first.history);

    const model = vqvae.bind(config, size);
    const step = model.trainStep({ dataVariance: 1 });
    const carry = load(first.carry);
    const noise = load(model.stepNoise({ seed: 0, step: 0, batch: 4 }));
    const inputs = { images: blobs(4, 1), progress: tf.scalar(0), ...noise };
    const before = tf.memory().numTensors;
    const result = step(carry, inputs);
    expect(tf.memory().numTensors - before).toBe(
      Object.keys(result[0]).length + Object.keys(result[1]).length,
    );
  });

  it("keeps the names, shapes and types of the carry", () => {
    for (const kind of ["ema", "codebook-loss"] as const) {
      const config = vqvaeSchema.parse({ ...tiny, quantizer: { kind } });
      const start = vqvae.bind(config, size).initialCarry(0);
      expect(specsOf(train(config, 1, { start }).carry)).toEqual(specsOf(start));
    }
  });

  it("trains a plain autoencoder while it warms up, and leaves the codebook alone", () => {
    const config = vqvaeSchema.parse({ ...tiny, warmupSteps: 2 });
    const start = vqvae.bind(config, size).initialCarry(0);
    const warm = train(config, 2, { start });
    for (const name of ["codebook.0", "usage.0", "sums.0"]) {
      expect(warm.carry[`quantizer.${name}`]).toEqual(start[`quantizer.${name}`]);
    }
    expect(warm.history[1]).toMatchObject({ commitment: 0, perplexity: 0, codesInUse: 0 });
    expect(warm.history[1]!.loss).toBe(warm.history[1]!.reconstruction);
    const after = train(config, 1, { start: { ...warm.carry, "quantizer.active": float32([1], []) } });
    expect(after.carry["quantizer.codebook.0"]).not.toEqual(start["quantizer.codebook.0"]);
    expect(after.history[0]!.commitment).toBeGreaterThan(0);
  });

  it("measures l1 in standard deviations", () => {
    const model = vqvae.bind(vqvaeSchema.parse({ ...tiny, loss: { mse: 0, ssim: 0, l1: 1 } }), size);
    const images = tf.fill([1, ...size, 1], 3);
    const start = model.initialCarry(0);
    // With no weights in its last layer the decoder draws the bias, 0.
    const blank = mapNamed(start, "weights.decoder.out", 0);
    const noise = load(model.stepNoise({ seed: 0, step: 0, batch: 1 }));
    const inputs = { images, progress: tf.scalar(0), ...noise };
    const [, metrics] = model.trainStep({ dataVariance: 4 })(load(blank), inputs);
    expectClose(values(metrics.reconstruction!), [1.5]);
    expectClose(values(metrics.mse!), [9]);
  });
});

function mapNamed(carry: HostTensors, prefix: string, value: number): HostTensors {
  return Object.fromEntries(
    Object.entries(carry).map(([name, tensor]) => [
      name,
      name.startsWith(prefix)
        ? float32(new Float32Array(tensor.data.length).fill(value), tensor.shape)
        : tensor,
    ]),
  );
}

/** The start of golden/make_training.py. */
function waveCarry(model: BoundVqvae): HostTensors {
  const start = model.initialCarry(0);
  const names = Object.keys(start).filter((name) => name.startsWith("weights."));
  const codebook = wave([8, 3], 0.4, 50);
  const waves = names.map((name, phase) => {
    const { shape } = start[name]!;
    const columns = shape.slice(0, -1).reduce((product, side) => product * side, 1);
    const tensor = name === "weights.codebook.0" ? codebook : wave(shape, 2.2 / Math.sqrt(columns), phase);
    return [name.slice("weights.".length), tensor] as const;
  });
  return {
    ...start,
    ...Object.fromEntries(waves.map(([name, tensor]) => [`weights.${name}`, tensor])),
    ...Object.fromEntries(waves.map(([name, tensor]) => [`average.${name}`, tensor])),
    "quantizer.active": float32([1], []),
    ...(model.config.quantizer.kind === "ema" && {
      "quantizer.codebook.0": codebook,
      "quantizer.sums.0": float32(
        Float32Array.from(codebook.data, (value) => value / 8),
        [8, 3],
      ),
    }),
  };
}
