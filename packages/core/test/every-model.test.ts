import { float32, type HostTensor } from "@slicebook/base";
import { createEngine, type Engine } from "@slicebook/engine";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { attention, blockSide } from "../src/attention.ts";
import { lossAndGradients } from "../src/gradients.ts";
import { PRESETS, type PresetName, type VqvaeConfig, vqvae, vqvaeSchema } from "../src/index.ts";
import { expectClose, load, quantizerKinds, values, wave } from "./support.ts";

const shape = { batch: 4, size: [32, 16] } as const;
const STEPS = 50;
const WARMUP = 25;

type QuantizerName = keyof typeof quantizerKinds;

function configOf(preset: PresetName, quantizer: QuantizerName, more: object = {}): VqvaeConfig {
  return vqvaeSchema.parse({
    preset,
    width: 8,
    residualWidth: 4,
    ...(preset === "plain" ? {} : { residualBlocks: 1 }),
    hierarchy: 1,
    loss: { ssim: 0, msSsim: 0 },
    ...(quantizer === "finite scalar" ? {} : { codes: 8, codeDimension: 2 }),
    warmupSteps: WARMUP,
    quantizer: { depth: 1, ...quantizerKinds[quantizer], decay: 0.8, initialisationImages: 4 },
    optimizer: { learningRate: 1e-2, warmupSteps: 0 },
    ...more,
  });
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: "onnx", threads: 1 });
});
afterAll(() => engine.dispose());

/** Waves of a direction and length of their own in each image. */
function images(): HostTensor {
  const [height, width] = shape.size;
  const pixels = height * width;
  const data = Float32Array.from({ length: shape.batch * pixels }, (_, at) => {
    const [image, row, column] = [Math.floor(at / pixels), Math.floor((at % pixels) / width), at % width];
    return Math.sin((row * (1 + image)) / 6) + Math.cos(column / (1 + image)) + (image - 1.5) / 2;
  });
  return float32(data, [shape.batch, height, width, 1]);
}

/** Trains on the same images, first without codes; gives each step's loss, and the last one's perplexity. */
async function train(config: VqvaeConfig) {
  const { batch, size } = shape;
  const model = vqvae.bind(config, size);
  const step = model.trainStep({ dataVariance: 1 });
  const loop = await engine.loop(step, model.initialCarry(0), model.stepInputs(batch));
  const losses: number[] = [];
  let perplexity = 0;
  for (let step = 0; step < STEPS; step++) {
    if (step === WARMUP) {
      const carry = await loop.read();
      const parameters = model.parameters(carry, { average: false });
      const features = await engine.compile(model.features, [model.imageSpec(batch)], { parameters });
      const found = await features.run(images());
      await loop.replace(model.withCodebook(carry, found, { seed: 0 }));
      await features.dispose();
    }
    const noise = model.stepNoise({ seed: 0, step, batch });
    const metrics = await loop.next({ images: images(), progress: float32([step / STEPS], []), ...noise });
    losses.push(metrics.reconstruction!.data[0]!);
    perplexity = metrics.perplexity!.data[0]!;
  }
  await loop.dispose();
  return { losses, perplexity };
}

const cases = [
  ...PRESETS.flatMap((preset) =>
    (Object.keys(quantizerKinds) as QuantizerName[]).map((quantizer) => ({ preset, quantizer, more: {} })),
  ),
  ...PRESETS.map((preset) => ({ preset, quantizer: "ema" as const, more: { downsampling: 16 } })),
  ...PRESETS.map((preset) => ({ preset, quantizer: "ema" as const, more: { attention: 2 } })),
  {
    preset: "patch" as const,
    quantizer: "ema" as const,
    more: { attention: 4, hierarchy: 2, downsampling: 8 },
  },
];

describe("training through the default engine", () => {
  it.each(cases)("lowers the loss with codes in use: $preset, $quantizer $more", async (options) => {
    const { losses, perplexity } = await train(configOf(options.preset, options.quantizer, options.more));
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    expect(perplexity).toBeGreaterThan(1.5);
  });
});

describe("the bits in the loss", () => {
  it.each(["ema", "codebook loss", "residual"] as const)(
    "have codes used less evenly, which learn all the same: %s",
    async (kind) => {
      const weighed = await train(configOf("patch", kind, { loss: { ssim: 0, bits: 0.3 } }));
      const free = await train(configOf("patch", kind));
      expect(weighed.losses.at(-1)).toBeLessThan(0.8 * weighed.losses[0]!);
      expect(weighed.perplexity).toBeLessThan(0.9 * free.perplexity);
    },
  );
});

describe("attention", () => {
  const layer = { name: "a", width: 4, heads: 2 };
  const weights = Object.fromEntries(
    ["query", "key", "value", "output"].flatMap((part, phase) => [
      [`a.${part}.kernel`, wave([4, 4], 0.8, phase)],
      [`a.${part}.bias`, wave([4], 0.3, 10 + phase)],
    ]),
  );

  it("adds to each place what it gathers from all, head by head, as worked out place by place", () => {
    const input = wave([1, 2, 3, 4], 1, 20);
    const found = attention(load(weights), layer, load({ input }).input as tf.Tensor4D);
    expectClose(values(found), byHand(input), 1e-5);
  });

  it("looks at blocks where there are many places: as if a block had its mean once", () => {
    // 20×20 places: blocks of 2×2, a hundred of them. Where a block's places are alike, its mean is like each of them,
    // and attending to blocks is attending to places.
    const small = load({ input: wave([1, 10, 10, 4], 1, 20) }).input as tf.Tensor4D;
    const large = tf.image.resizeNearestNeighbor(small, [20, 20]);
    const found = attention(load(weights), layer, large);
    const expected = tf.image.resizeNearestNeighbor(attention(load(weights), layer, small), [20, 20]);
    expectClose(values(found), values(expected), 1e-4);
  });

  it.each([
    [15, 16, 1],
    [20, 20, 2],
    [64, 32, 4],
    [60, 64, 4],
    [61, 64, 1],
  ])("of %d×%d places looks at blocks of side %d", (rows, columns, side) => {
    expect(blockSide(rows, columns)).toBe(side);
  });

  it("has a gradient for every weight, and the same result in every engine", async () => {
    const model = vqvae.bind(configOf("patch", "ema", { attention: 2 }), shape.size);
    const parameters = model.parameters(model.initialCarry(0), { average: false });
    const names = Object.keys(parameters).filter((name) => name.includes("attention"));
    expect(names.length).toBe(16);
    const given = load({ images: images() }).images!;
    const { "codebook.0": codebook, ...weights } = load(parameters);
    const measure = model.measure({ dataVariance: 1 });
    const { gradients } = lossAndGradients(
      (all) => ({ loss: measure({ ...all, "codebook.0": codebook! }, given).reconstruction, more: {} }),
      weights,
    );
    for (const name of names) {
      // Keys are compared by softmax, to which a shift of all of them is nothing.
      const size = values(tf.norm(gradients[name]!))[0]!;
      if (name.endsWith("key.bias")) expect(size).toBeLessThan(1e-4);
      else expect(size, name).toBeGreaterThan(1e-6);
    }
    const expected = model.features(load(parameters), given).map(values);
    for (const kind of ["onnx", "wasm"] as const) {
      const other = kind === "onnx" ? engine : await createEngine({ kind });
      const compiled = await other.compile(model.features, [model.imageSpec(shape.batch)], { parameters });
      const [found] = await compiled.run(images());
      expectClose(found!.data, expected[0]!, 1e-4, kind);
      await compiled.dispose();
      if (kind !== "onnx") await other.dispose();
    }
  });

  it("is refused where its heads do not share the width evenly", () => {
    const { error } = vqvaeSchema.safeParse({ width: 96, attention: 5 });
    expect(z.prettifyError(error!)).toMatch(/share the width, 96, evenly/);
  });
});

/** Self-attention by its formula, place by place: weights as above, input [1, h, w, 4]. */
function byHand({ data, shape: [, rows, columns, width] }: HostTensor): number[] {
  const heads = 2;
  const places = Array.from({ length: rows! * columns! }, (_, place) =>
    Array.from(data.subarray(place * width!, (place + 1) * width!)),
  );
  const linear = (part: string, vector: readonly number[]) => {
    const [kernel, bias] = [weightOf(`${part}.kernel`, [4, 4]), weightOf(`${part}.bias`, [4])];
    return Array.from(bias, (shift, to) =>
      vector.reduce((sum, value, from) => sum + value * kernel[from * 4 + to]!, shift),
    );
  };
  const normal = places.map((vector) => {
    const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length;
    const variance = vector.reduce((sum, value) => sum + (value - mean) ** 2, 0) / vector.length;
    return vector.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
  });
  const [queries, keys, contents] = ["query", "key", "value"].map((part) =>
    normal.map((vector) => linear(part, vector)),
  ) as [number[][], number[][], number[][]];
  return places.flatMap((vector, place) => {
    const gathered = [0, 1].flatMap((head) => {
      const channels = [head * (4 / heads), head * (4 / heads) + 1];
      const scores = keys.map(
        (key) => channels.reduce((sum, c) => sum + queries[place]![c]! * key[c]!, 0) / Math.sqrt(4 / heads),
      );
      const powers = scores.map(Math.exp);
      const total = powers.reduce((sum, power) => sum + power, 0);
      return channels.map((c) =>
        powers.reduce((sum, power, at) => sum + (power / total) * contents[at]![c]!, 0),
      );
    });
    return linear("output", gathered).map((value, channel) => vector[channel]! + value);
  });
}

function weightOf(name: string, dimensions: readonly number[]): HostTensor["data"] {
  const [part, what] = name.split(".");
  const phase = ["query", "key", "value", "output"].indexOf(part!);
  return what === "kernel" ? wave(dimensions, 0.8, phase).data : wave(dimensions, 0.3, 10 + phase).data;
}
