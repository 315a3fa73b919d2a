import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { lossAndGradients } from "../../src/gradients.ts";
import { vqvae, vqvaeSchema } from "../../src/index.ts";
import { rotated } from "../../src/quantizers/codebook.ts";
import { quantizers } from "../../src/quantizers/index.ts";
import { expectClose, load, quantizerKinds, values } from "../support.ts";

const configOf = (quantizer: (typeof quantizerKinds)[keyof typeof quantizerKinds]) =>
  vqvaeSchema.parse({
    width: 8,
    residualWidth: 4,
    residualBlocks: 1,
    loss: { ssim: 0 },
    ...("kind" in quantizer && quantizer.kind === "fsq" ? {} : { codes: 16, codeDimension: 2 }),
    warmupSteps: 10,
    quantizer: { ...quantizer, initialisationImages: 4 },
    optimizer: { learningRate: 1e-2, warmupSteps: 0 },
  });

describe.each(Object.entries(quantizerKinds))("the quantizer %s", (_, options) => {
  const config = configOf(options);
  const [quantizer] = quantizers(config);
  const model = vqvae.bind(config, [8, 8]);
  const params = load(model.parameters(model.initialCarry(0), { average: false }));
  const encodings = tf.randomNormal<tf.Rank.R2>([30, 2], 0, 1.5, "float32", 4);

  it("starts with what a checkpoint is checked for", () => {
    expect(() => model.checkCarry(model.initialCarry(1))).not.toThrow();
  });

  it("gives the decoder the values of its indices, and shares that sum to 1", () => {
    const found = quantizer!.quantize(params, encodings, 1);
    expectClose(values(found.quantized), values(quantizer!.lookUp(params, found.indices)), 1e-5);
    expect(found.indices.length).toBe(quantizer!.levels.length);
    for (const [level, { shares }] of found.statistics.entries()) {
      expectClose(values(tf.sum(shares)), [1]);
      const indices = values(found.indices[level]!);
      expectClose([values(shares)[indices[0]!]!], [indices.filter((one) => one === indices[0]).length / 30]);
    }
  });

  it("takes the code with the least distance at each level, given those before", () => {
    const { indices } = quantizer!.quantize(params, encodings, 1);
    for (const level of indices.keys()) {
      const distances = quantizer!.distances(params, encodings, indices.slice(0, level));
      expect(distances.shape).toEqual([30, config.codes]);
      expect(values(tf.argMin(distances, 1))).toEqual(values(indices[level]!));
      expect(values(tf.min(distances))[0]).toBeGreaterThanOrEqual(0);
    }
  });

  it("hands the decoder's gradient to the encodings", () => {
    const { gradients } = lossAndGradients(
      ({ z }) => ({
        loss: tf.sum(quantizer!.quantize(params, z as tf.Tensor2D, 1).quantized),
        more: {},
      }),
      { z: encodings },
    );
    expect(values(tf.norm(gradients.z!))[0]).toBeGreaterThan(0.1);
    expect(values(gradients.z!).every(Number.isFinite)).toBe(true);
  });
});

describe("finite scalar quantization", () => {
  it("rounds each number to its levels, and counts them in the index", () => {
    const config = vqvaeSchema.parse({ quantizer: { kind: "fsq", levels: [3, 4] } });
    expect([config.codes, config.codeDimension]).toEqual([12, 2]);
    const [quantizer] = quantizers(config);
    const found = quantizer!.quantize(
      {},
      tf.tensor2d([
        [0, 0],
        [9, 9],
        [-9, -9],
        [9, -9],
      ]),
      1,
    );
    // Three levels are −1, 0 and 1 (0 to 2); four are −1, −½, 0 and ½ (0 to 3), and count three each.
    expectClose(values(found.quantized), [0, 0, 1, 0.5, -1, -1, 1, -1]);
    expect(values(found.indices[0]!)).toEqual([1 + 2 * 3, 2 + 3 * 3, 0, 2]);
  });
});

describe("the rotation trick", () => {
  it("keeps the value, and turns the gradient as the encoding is turned to its code", () => {
    // From (2, 0) to (0, 3): a quarter turn to the left and a scale of 1.5.
    const quantized = tf.tensor2d([[0, 3]]);
    const { gradients, more } = lossAndGradients(
      ({ z }) => {
        const output = rotated(z as tf.Tensor2D, quantized);
        return { loss: tf.sum(tf.mul(output, tf.tensor2d([[1, 10]]))), more: { output } };
      },
      { z: tf.tensor2d([[2, 0]]) },
    );
    expectClose(values(more.output!), [0, 3]);
    // Back by a quarter turn to the right: (1, 10) becomes (10, −1), times 1.5.
    expectClose(values(gradients.z!), [15, -1.5]);
  });
});

describe("cosine codes", () => {
  it("are those of the least angle, whatever their length", () => {
    const config = vqvaeSchema.parse({ codes: 2, codeDimension: 2, quantizer: { distance: "cosine" } });
    const [quantizer] = quantizers(config);
    const params = {
      "codebook.0": tf.tensor2d([
        [0.1, 0.1],
        [50, 0],
      ]),
    };
    const found = quantizer!.quantize(
      params,
      tf.tensor2d([
        [30, 29],
        [0.1, 0.01],
      ]),
      1,
    );
    expect(values(found.indices[0]!)).toEqual([0, 1]);
    expectClose(values(found.quantized), [Math.SQRT1_2, Math.SQRT1_2, 1, 0]);
  });
});
