import { float32 } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { vqvae, vqvaeSchema } from "../src/index.ts";
import { expectClose, load, readOne, values } from "./support.ts";

const size = [16, 8] as const;
const tiny = {
  loss: { ssim: 0 },
  width: 8,
  residualWidth: 4,
  residualBlocks: 1,
  codes: 8,
  codeDimension: 3,
} as const;

describe("codes of several levels", () => {
  const config = vqvaeSchema.parse({ ...tiny, hierarchy: 2, quantizer: { depth: 2 } });
  const model = vqvae.bind(config, size);
  const start = model.initialCarry(0);
  const params = load(model.parameters(start, { average: false }));
  const images = tf.randomNormal([2, ...size, 1], 0, 1, "float32", 3);

  it("are the top grid's, then the bottom one's, and are decoded to what was encoded", () => {
    expect(model.levels).toEqual([
      { codes: 8, rows: 2, columns: 1 },
      { codes: 8, rows: 2, columns: 1 },
      { codes: 8, rows: 4, columns: 2 },
      { codes: 8, rows: 4, columns: 2 },
    ]);
    const codes = model.encode(params, images);
    expect(codes.map(({ shape }) => shape)).toEqual(
      model.levels.map(({ rows, columns }) => [2, rows, columns]),
    );
    const found = model.measure({ dataVariance: 1 })(params, images);
    expect(found.codes.map(values)).toEqual(codes.map(values));
    expectClose(values(model.decode(params, codes)), values(found.images), 1e-5);
    const mse = (one: tf.Tensor, other: tf.Tensor) => values(tf.mean(tf.square(tf.sub(one, other))))[0]!;
    const picture = model.decode(params, codes.slice(0, 2));
    const coarse = mse(picture, tf.avgPool(images as tf.Tensor4D, 2, 2, "valid"));
    expectClose(values(found.reconstruction), [mse(found.images, images) + 0.5 * coarse], 1e-5);
  });

  it("are the nearest to what is left at each level, once those before it are known", () => {
    const codes = model.encode(params, images);
    for (const [level, grid] of codes.entries()) {
      const distances = model.distances(params, images, codes.slice(0, level));
      expect(distances.shape).toEqual([...grid.shape, 8]);
      expect(values(tf.argMin(distances, 3))).toEqual(values(grid));
    }
  });

  it("hold a picture of their own resolution each, to which the next grid adds what it lacks", () => {
    const three = vqvae.bind(vqvaeSchema.parse({ ...tiny, hierarchy: 3, codes: [8, 6, 4] }), [32, 16]);
    const parameters = load(three.parameters(three.initialCarry(0), { average: false }));
    expect(three.levels).toEqual([
      { codes: 8, rows: 2, columns: 1 },
      { codes: 6, rows: 4, columns: 2 },
      { codes: 4, rows: 8, columns: 4 },
    ]);
    const codes = three.encode(parameters, tf.randomNormal([2, 32, 16, 1], 0, 1, "float32", 3));
    for (const [level, grid] of codes.entries()) {
      expect(Math.max(...values(grid))).toBeLessThan(three.levels[level]!.codes);
      const size = three.pictureSize(level + 1);
      expect(size).toEqual([32 / 2 ** (2 - level), 16 / 2 ** (2 - level)]);
      expect(three.decode(parameters, codes.slice(0, level + 1)).shape).toEqual([2, ...size, 1]);
    }
    // A finest grid that draws nothing leaves the picture before it, enlarged.
    const blank = { ...parameters };
    for (const part of ["kernel", "bias"]) {
      blank[`grid2.decoder.out.${part}`] = tf.zerosLike(parameters[`grid2.decoder.out.${part}`]!);
    }
    const before = three.decode(blank, codes.slice(0, 2)) as tf.Tensor4D;
    const enlarged = tf.image.resizeBilinear(before, [32, 16], false, true);
    expectClose(values(three.decode(blank, codes)), values(enlarged), 1e-6);
  });

  it("start at the centres of encodings, and of what earlier levels leave of them", () => {
    const encodings = model.features(params, images).map(readOne);
    expect(encodings.map(({ shape }) => shape)).toEqual([
      [2, 2, 1, 3],
      [2, 4, 2, 3],
    ]);
    // Four encodings in two pairs around 0 and 10, for eight codes: the first level alone has one for each.
    const top = float32([0, 0, 0, 1, 0, 0, 10, 0, 0, 11, 0, 0], [2, 2, 1, 3]);
    const next = model.withCodebook(start, [top, encodings[1]!], { seed: 0 });
    const firsts = [...next["quantizer.codebook.0"]!.data].filter((_, index) => index % 3 === 0);
    expect(new Set(firsts)).toEqual(new Set([0, 1, 10, 11]));
    expect([...next["quantizer.codebook.1"]!.data].every((value) => value === 0)).toBe(true);
    expect(model.codesActive(next)).toBe(true);
    expect(() => model.checkCarry(next)).not.toThrow();
  });
});
