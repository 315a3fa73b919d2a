import { random } from "@slicebook/base";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { lossAndGradients } from "../../src/gradients.ts";
import {
  codebookLoss,
  codesInUse,
  countAssignments,
  deadCodes,
  expectedBits,
  lookUp,
  moveCodes,
  nearestCodes,
  perplexity,
  replaceRows,
  revivedUsage,
  straightThrough,
} from "../../src/quantizers/codebook.ts";
import { expectClose, values } from "../support.ts";

describe("nearestCodes", () => {
  it("finds what a search through all distances finds", () => {
    const [vectors, codes, dimension] = [50, 13, 5];
    const z = random(0, "z").normals(vectors * dimension);
    const e = random(0, "e").normals(codes * dimension);
    const expected = Array.from({ length: vectors }, (_, vector) => {
      const distances = Array.from({ length: codes }, (_, code) =>
        Array.from(
          { length: dimension },
          (_, axis) => z[vector * dimension + axis]! - e[code * dimension + axis]!,
        )
          .map((difference) => difference ** 2)
          .reduce((total, square) => total + square),
      );
      return distances.indexOf(Math.min(...distances));
    });
    const found = nearestCodes(tf.tensor2d(z, [vectors, dimension]), tf.tensor2d(e, [codes, dimension]));
    expect(found.dtype).toBe("int32");
    expect(values(found)).toEqual(expected);
  });

  it("takes the first of equal codes", () => {
    const codebook = tf.tensor2d([[5], [1], [1], [-1]]);
    expect(values(nearestCodes(tf.tensor2d([[0], [1]]), codebook))).toEqual([1, 1]);
  });
});

describe("a batch's statistics", () => {
  const encodings = tf.tensor2d([
    [1, 0],
    [3, 0],
    [0, 4],
    [2, 2],
  ]);
  const assignments = countAssignments(encodings, tf.tensor1d([0, 0, 2, 0], "int32"), 3);

  it("are shares and sums over the number of encodings", () => {
    expectClose(values(assignments.shares), [0.75, 0, 0.25]);
    expectClose(values(assignments.sums), [1.5, 0.5, 0, 0, 0, 1]);
  });

  it("give the perplexity and the codes in use", () => {
    expectClose(values(perplexity(assignments.shares)), [
      Math.exp(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25)),
    ]);
    expect(values(codesInUse(assignments.shares))).toEqual([2]);
    expectClose(values(perplexity(tf.fill([8], 1 / 8))), [8]);
  });

  it("move codes to moving averages, smoothed after Laplace", () => {
    const codebook = tf.tensor2d([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const usage = tf.tensor1d([0.5, 0.3, 0.2]);
    const sums = tf.tensor2d([
      [0.5, 0.5],
      [0.6, 0.6],
      [0.6, 0.6],
    ]);
    const moved = moveCodes({ codebook, usage, sums }, assignments, {
      decay: 0.8,
      epsilon: 0.1,
      encodings: 4,
    });
    // By hand: N = 0.8 · usage + 0.2 · shares, M likewise, e = M / ((N + 0.025) / (1 + 0.075)).
    const n = [0.55, 0.24, 0.21];
    const m = [0.7, 0.5, 0.48, 0.48, 0.48, 0.68];
    expectClose(values(moved.usage), n);
    expectClose(values(moved.sums), m);
    const smoothed = n.map((share) => (share + 0.025) / 1.075);
    expectClose(
      values(moved.codebook),
      m.map((sum, index) => sum / smoothed[Math.floor(index / 2)]!),
    );
  });
});

describe("dead codes", () => {
  it("are those under the threshold, and alone are replaced", () => {
    const usage = tf.tensor1d([0.5, 0.02, 0.44, 0.04]);
    const dead = deadCodes(usage, 0.1);
    expect(values(dead)).toEqual([0, 1, 0, 0]);
    expectClose(values(revivedUsage(usage, dead, 0.1)), [0.5, 0.05, 0.44, 0.04]);
    const replaced = replaceRows(tf.zeros([4, 2]), dead, tf.ones([4, 2]));
    expect(values(replaced)).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });

  it("do not exist with a threshold of 0", () => {
    expect(values(deadCodes(tf.tensor1d([0, 1]), 0))).toEqual([0, 0]);
  });
});

describe("the bits that codes are expected to take", () => {
  const z = [0.5, 0.1, 1.9, -0.3, 0.9, 1.4];
  const codebook = [0, 0, 2, 1, 0.5, 1.5];
  const shares = [2 / 3, 1 / 3, 0];
  const at = (list: readonly number[], row: number) => list.slice(2 * row, 2 * row + 2);
  const distance = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, axis) => sum + (value - other[axis]!) ** 2, 0);
  const distances = (encodings: readonly number[]) =>
    [0, 1, 2].map((row) => [0, 1, 2].map((code) => distance(at(encodings, row), at(codebook, code))));
  const scatter = distances(z).reduce((sum, row) => sum + Math.min(...row) / 3, 0);
  /** By the definition, with the scatter of `z` whatever the encodings. */
  const expected = (encodings: readonly number[]) =>
    distances(encodings).reduce((sum, row) => {
      const likely = row.map((squared) => Math.exp((-2 / 2) * (squared / scatter)));
      const total = likely.reduce((one, other) => one + other);
      const bits = shares.map((share) => -Math.log2((3 * share + 1) / 6));
      return sum + likely.reduce((one, value, code) => one + (value / total) * bits[code]!, 0) / 3;
    }, 0);

  it("are those of the definition, with its gradient to the encodings", () => {
    const { loss, gradients } = lossAndGradients(
      (weights) => ({
        loss: expectedBits(weights.z as tf.Tensor2D, tf.tensor2d(codebook, [3, 2]), tf.tensor1d(shares)),
        more: {},
      }),
      { z: tf.tensor2d(z, [3, 2]) },
    );
    expectClose(values(loss), [expected(z)]);
    const step = 1e-5;
    const moved = (index: number, by: number) => z.map((value, other) => value + (other === index ? by : 0));
    const slopes = z.map(
      (_, index) => (expected(moved(index, step)) - expected(moved(index, -step))) / (2 * step),
    );
    expectClose(values(gradients.z!), slopes, 1e-4);
  });
});

describe("gradients", () => {
  it("pass straight through the quantizer, also by half", () => {
    const codebook = tf.tensor2d([[1], [5]]);
    for (const [share, passed] of [
      [1, [1, 5]],
      [0, [1.5, 4]],
      [0.5, [1.25, 4.5]],
    ] as const) {
      const { gradients, more } = lossAndGradients(
        ({ z }) => {
          const output = straightThrough(z!, lookUp(codebook, tf.tensor1d([0, 1], "int32")), share);
          return { loss: tf.sum(tf.mul(tf.square(output), [[1], [10]])), more: { output } };
        },
        { z: tf.tensor2d([[1.5], [4]]) },
      );
      expectClose(values(more.output!), passed);
      expectClose(values(gradients.z!), [2 * passed[0], 20 * passed[1]]);
    }
  });

  it("of the codebook term reach the codes only, with the value and gradient of |sg(z) − e|²", () => {
    const z = tf.tensor2d([
      [1, 0],
      [3, 0],
      [0, 4],
    ]);
    const indices = tf.tensor1d([0, 0, 2], "int32");
    const e = tf.tensor2d([
      [1, 1],
      [7, 7],
      [0, 0],
    ]);
    const { loss, gradients } = lossAndGradients(
      (weights) => ({
        loss: codebookLoss(weights.e as tf.Tensor2D, z, countAssignments(z, indices, 3)),
        more: {},
      }),
      { e },
    );
    // |z − e|² = 1, 4 + 1 and 16; the mean is over 3 · 2 elements.
    expectClose(values(loss), [22 / 6]);
    expectClose(values(gradients.e!), [(2 * -2) / 6, (2 * 2) / 6, 0, 0, 0, (2 * -4) / 6]);
  });
});
