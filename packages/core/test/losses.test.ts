import { random } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { lossAndGradients } from "../src/gradients.ts";
import { msSsim, ssim, toUnitRange, vqvae, vqvaeSchema } from "../src/index.ts";
import {
  LOSS_TERMS,
  multiScaleSimilarity,
  reconstructionTerms,
  similarity,
  unitPair,
} from "../src/losses.ts";
import { expectClose, values } from "./support.ts";

const none = { mse: 0, l1: 0, ssim: 0, msSsim: 0, edges: 0, spectrum: 0 };

/** Images [2, h, w, 1] and noisy copies, in units of their own. */
function pairOf(height: number, width: number): [tf.Tensor4D, tf.Tensor4D] {
  const shape: [number, number, number, number] = [2, height, width, 1];
  const size = 2 * height * width;
  const image = Float32Array.from({ length: size }, (_, at) => Math.sin(at / 9) * 3 + Math.cos(at / 131));
  const noise = random(1, "noise").normals(size, 0.7);
  return [
    tf.tensor4d(image, shape),
    tf.tensor4d(
      image.map((value, at) => value + noise[at]!),
      shape,
    ),
  ];
}

describe("the loss's similarities", () => {
  it.each([
    [24, 33],
    [45, 50],
  ])("are the metrics', image by image: %i×%i", (height, width) => {
    const [images, decoded] = pairOf(height, width);
    const [x, y] = unitPair(images, decoded);
    const found = values(similarity(x, y, { stride: 1 }).ssim);
    const scales = values(multiScaleSimilarity(x, y, { stride: 1 }));
    const pixels = height * width;
    for (const image of [0, 1]) {
      const part = (tensor: tf.Tensor) =>
        Float32Array.from(values(tensor).slice(image * pixels, (image + 1) * pixels));
      const unit = toUnitRange(part(images), part(decoded));
      expect(found[image]).toBeCloseTo(ssim(unit.original, unit.reconstruction, { height, width }), 4);
      const multi = msSsim(unit.original, unit.reconstruction, { height, width });
      expect(scales[image]).toBeCloseTo(multi.msSsim, 4);
    }
  });

  it("at every second pixel are close to those at every one", () => {
    const [x, y] = unitPair(...pairOf(40, 36));
    const [every, second] = [1, 2].map((stride) => values(similarity(x, y, { stride }).ssim));
    expectClose(second!, every!, 0.02);
  });

  it("of an image and itself are 1, also where it is constant", () => {
    const [images] = pairOf(24, 24);
    for (const image of [images, tf.zerosLike(images)]) {
      const [x, y] = unitPair(image, image);
      expectClose(values(similarity(x, y, { stride: 2 }).ssim), [1, 1]);
    }
  });

  it("leave what is darker than black to the other terms, which do not", () => {
    const [images] = pairOf(24, 24);
    const black = tf.equal(images, tf.min(images, [1, 2, 3], true));
    const darker = tf.sub(images, tf.mul(tf.cast(black, "float32"), 0.5)) as tf.Tensor4D;
    const terms = reconstructionTerms(images, darker, { ...none, mse: 1, ssim: 1, msSsim: 1 }, 1);
    expectClose(values(terms.ssim!), [0], 1e-5);
    expectClose(values(terms.msSsim!), [0], 1e-5);
    expect(values(terms.mse!)[0]).toBeGreaterThan(0);
  });

  it("are refused for images smaller than their window", () => {
    const small = tf.zeros<tf.Rank.R4>([1, 8, 16, 1]);
    expect(() => reconstructionTerms(small, small, { ...none, ssim: 1 }, 1)).toThrow(
      expect.objectContaining({ code: "IMAGE_SIZE" }),
    );
  });
});

describe("the other terms", () => {
  it("are what they are by hand", () => {
    // Errors 0 2 over 0 2, of a deviation of 2.
    const images = tf.zeros<tf.Rank.R4>([1, 2, 2, 1]);
    const decoded = tf.tensor4d([0, 2, 0, 2], [1, 2, 2, 1]);
    const weights = { ...none, mse: 1, l1: 1, edges: 3, spectrum: 1 };
    const found = reconstructionTerms(images, decoded, weights, 4);
    expect(Object.keys(found)).toEqual(["mse", "l1", "edges", "spectrum"]);
    expectClose(values(found.mse!), [0.5]);
    expectClose(values(found.l1!), [0.5]);
    // Down no difference, across 2: a mean of 1 over the deviation, three times.
    expectClose(values(found.edges!), [1.5]);
    // The transform is 2 at frequency 0 and −2 across, else 0: a mean of 1.
    expectClose(values(found.spectrum!), [0.5]);
  });

  it.each(LOSS_TERMS)("have gradients that lower them: %s", (name) => {
    const [images, decoded] = pairOf(24, 24);
    const lossOf = (values: tf.Tensor) =>
      reconstructionTerms(images, values as tf.Tensor4D, { ...none, [name]: 1 }, 1)[name]!;
    const { loss, gradients } = lossAndGradients((weights) => ({ loss: lossOf(weights.y!), more: {} }), {
      y: decoded,
    });
    const norm = tf.norm(gradients.y!);
    const moved = tf.sub(decoded, tf.mul(gradients.y!, tf.div(0.05, norm)));
    expect(values(lossOf(moved))[0]!).toBeLessThan(values(loss)[0]!);
  });
});

it("training tells the terms of the loss apart, if it has several", () => {
  const config = vqvaeSchema.parse({ width: 8, residualWidth: 4, codes: 8, codeDimension: 3 });
  const model = vqvae.bind(config, [24, 24]);
  const [images] = pairOf(24, 24);
  const start = model.initialCarry(0);
  const toTensors = (tensors: typeof start) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { data, shape, dtype }]) => [
        name,
        tf.tensor(data, [...shape], dtype),
      ]),
    );
  const noise = toTensors(model.stepNoise({ seed: 0, step: 0, batch: 2 }));
  const step = model.trainStep({ dataVariance: 1 });
  const [, metrics] = step(toTensors(start), { images, progress: tf.scalar(0), ...noise });
  expectClose(
    values(metrics.reconstruction!),
    [values(metrics["loss.mse"]!)[0]! + values(metrics["loss.ssim"]!)[0]!],
    1e-5,
  );
});
