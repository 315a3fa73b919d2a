import "@slicebook/core";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { attend, blocksOf, hiddenBlocks, remember } from "../src/attention.ts";
import { features, head, horizontalConvolution, verticalConvolution } from "../src/network.ts";
import { livelyWeights, onBackend, smallConfig } from "./helpers.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Where, as "row,column", the input of `fn` at [1, rows, columns, channels] moves its output at (row, column). */
function seenFrom(
  fn: (input: tf.Tensor) => tf.Tensor,
  shape: [number, number, number, number],
  [row, column]: readonly [number, number],
): string[] {
  const gradient = tf.tidy(() => {
    const input = tf.sin(tf.reshape(tf.range(0, shape[1] * shape[2] * shape[3]), shape));
    const at = (x: tf.Tensor) => tf.sum(tf.square(tf.slice(fn(x), [0, row, column, 0], [1, 1, 1, -1])));
    return tf.max(tf.abs(tf.grad(at)(input)), [0, 3]).arraySync() as number[][];
  });
  return gradient.flatMap((values, r) => values.flatMap((value, c) => (value === 0 ? [] : [`${r},${c}`])));
}

const ROWS = 7;
const COLUMNS = 5;
const positions = Array.from(
  { length: ROWS * COLUMNS },
  (_, at) => [Math.floor(at / COLUMNS), at % COLUMNS] as const,
);

/** The positions of the grid for which `test` holds, in raster order. */
const where = (test: (row: number, column: number) => boolean) =>
  positions.filter(([row, column]) => test(row, column)).map(([row, column]) => `${row},${column}`);

describe("one convolution", () => {
  const config = smallConfig({ firstKernel: 7, kernel: 5 });
  const space = { codes: 4, rows: ROWS, columns: COLUMNS, classes: 0 };
  const shape: [number, number, number, number] = [1, ROWS, COLUMNS, config.hidden];
  let params: Record<string, tf.Tensor>;
  beforeAll(() => {
    params = onBackend(livelyWeights(config, space));
  });

  it.each([
    [
      "vertical, mask A",
      0,
      3,
      verticalConvolution,
      (dr: number, dc: number) => dr < 0 && dr >= -3 && dc ** 2 <= 9,
    ],
    [
      "vertical, mask B",
      1,
      2,
      verticalConvolution,
      (dr: number, dc: number) => dr <= 0 && dr >= -2 && dc ** 2 <= 4,
    ],
    [
      "horizontal, mask A",
      0,
      3,
      horizontalConvolution,
      (dr: number, dc: number) => dr === 0 && dc < 0 && dc >= -3,
    ],
    [
      "horizontal, mask B",
      1,
      2,
      horizontalConvolution,
      (dr: number, dc: number) => dr === 0 && dc <= 0 && dc >= -2,
    ],
  ] as const)("%s: sees its mask and nothing else", (_, layer, half, convolution, mask) => {
    for (const [row, column] of positions) {
      const seen = seenFrom((x) => convolution(params, layer, half, x), shape, [row, column]);
      expect(seen).toEqual(where((r, c) => mask(r - row, c - column)));
    }
  });
});

describe("attention", () => {
  it.each([1, 2, 3])(
    "sees the blocks of %i×that size that end above the row, and no other code",
    (stride) => {
      const config = smallConfig({ attention: { count: 1, heads: 2, width: 3, stride } });
      const grid = { rows: ROWS, columns: COLUMNS };
      const params = onBackend(livelyWeights(config, { codes: 4, ...grid, classes: 0 }));
      const blocks = blocksOf(config, grid);
      const hidden = hiddenBlocks(ROWS, blocks);
      const fixed = tf.cos(tf.reshape(tf.range(0, ROWS * COLUMNS * 6), [1, ROWS, COLUMNS, 6]));
      // What asks is held fast: only what is looked back on moves.
      const found = (x: tf.Tensor) =>
        attend(config, params, 0, fixed, remember(fixed, x, blocks), { blocks, hidden });
      for (const [row, column] of positions) {
        const seen = seenFrom(found, [1, ROWS, COLUMNS, 6], [row, column]);
        expect(seen).toEqual(where((r) => (Math.floor(r / stride) + 1) * stride <= row));
      }
    },
  );
});

describe("the whole network", () => {
  const none = { count: 0, heads: 1, width: 1, stride: 1 };
  it.each([
    { layers: 6, firstKernel: 7, kernel: 3, attention: none },
    { layers: 4, firstKernel: 3, kernel: 5, attention: none },
    { layers: 6, firstKernel: 7, kernel: 3, attention: { count: 2, heads: 2, width: 4, stride: 1 } },
    { layers: 6, firstKernel: 7, kernel: 3, attention: { count: 2, heads: 2, width: 4, stride: 3 } },
  ])("sees every earlier position and no other one: %j", (sizes) => {
    const config = smallConfig(sizes);
    const params = onBackend(livelyWeights(config, { codes: 4, rows: ROWS, columns: COLUMNS, classes: 0 }));
    const logits = (embedded: tf.Tensor) => {
      const flat = tf.reshape(features(config, params, embedded), [ROWS * COLUMNS, config.hidden]);
      return tf.reshape(head(params, flat), [1, ROWS, COLUMNS, 4]);
    };
    for (const [row, column] of positions) {
      const seen = seenFrom(logits, [1, ROWS, COLUMNS, config.hidden], [row, column]);
      expect(seen).toEqual(where((r, c) => r < row || (r === row && c < column)));
    }
  });

  it("with one layer sees what its kernels cover", () => {
    const config = smallConfig({ layers: 1, firstKernel: 5 });
    // Wider than the kernel on both sides.
    const columns = 7;
    const params = onBackend(livelyWeights(config, { codes: 4, rows: ROWS, columns, classes: 0 }));
    const logits = (embedded: tf.Tensor) => {
      const flat = tf.reshape(features(config, params, embedded), [ROWS * columns, config.hidden]);
      return tf.reshape(head(params, flat), [1, ROWS, columns, 4]);
    };
    const seen = seenFrom(logits, [1, ROWS, columns, config.hidden], [4, 3]);
    expect(seen).toEqual([
      ...["2,1", "2,2", "2,3", "2,4", "2,5", "3,1", "3,2", "3,3", "3,4", "3,5"],
      ...["4,1", "4,2"],
    ]);
  });
});
