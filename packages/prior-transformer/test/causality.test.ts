import "@slicebook/core";
import "@tensorflow/tfjs-backend-cpu";
import { mapRecord } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import type { LevelConfig } from "../src/config.ts";
import { features, head } from "../src/network.ts";
import { livelyWeights, smallConfig } from "./helpers.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const [ROWS, COLUMNS] = [7, 4];
const positions = Array.from(
  { length: ROWS * COLUMNS },
  (_, at) => [Math.floor(at / COLUMNS), at % COLUMNS] as const,
);

/** The positions that move the logits of each position, by the gradient. */
function seenBy(config: LevelConfig, known?: readonly number[]): (readonly [number, number])[][] {
  const level = { codes: 4, rows: ROWS, columns: COLUMNS };
  const weights = livelyWeights(config, { levels: [level], classes: 0 });
  const params = mapRecord(weights, ({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
  const shape: [number, number, number, number] = [1, ROWS, COLUMNS, config.width];
  return positions.map(([row, column]) => {
    const gradient = tf.tidy(() => {
      const embedded = tf.sin(tf.reshape(tf.range(0, ROWS * COLUMNS * config.width), shape));
      const at = (x: tf.Tensor) => {
        const mask = known && tf.tensor(known, [1, ROWS, COLUMNS], "int32");
        const logits = head(params, features(config, level, params, x, { known: mask }));
        return tf.sum(tf.square(tf.slice(logits, [row * COLUMNS + column, 0], [1, -1])));
      };
      return tf.max(tf.abs(tf.grad(at)(embedded)), [0, 3]).arraySync() as number[][];
    });
    return positions.filter(([r, c]) => gradient[r]![c] !== 0);
  });
}

it.each([
  { layers: 1, window: 1 },
  { layers: 2, window: 2 },
  { layers: 1, window: 99 },
])("every code before it within reach moves the logits of a position, and no other one: %j", (sizes) => {
  const seen = seenBy(smallConfig(sizes));
  // The input's neighbours lie one row above what a layer's window ends with.
  const reach = 1 + sizes.layers * sizes.window;
  for (const [at, [row, column]] of positions.entries()) {
    expect(seen[at]).toEqual(
      positions.filter(([r, c]) => (r < row || (r === row && c < column)) && r >= row - reach),
    );
  }
});

it.each([
  ["the lower half", (row: number) => row > 3],
  ["the right half", (_: number, column: number) => column > 1],
  ["all but a hole", (row: number, column: number) => !(row > 1 && row < 4 && column > 0 && column < 3)],
  ["every second", (row: number, column: number) => (row + column) % 2 === 0],
  ["nothing", () => false],
] as const)(
  "where %s comes first, what comes before a position moves its logits, and nothing else",
  (_, isFirst) => {
    const known = positions.map(([row, column]) => Number(isFirst(row, column)));
    const seen = seenBy(smallConfig({ order: "random", layers: 1, window: 99 }), known);
    for (const at of positions.keys()) {
      const before = (other: number) =>
        known[other] === known[at] ? other < at : known[other]! > known[at]!;
      expect(seen[at]).toEqual(positions.filter((_, other) => before(other)));
    }
  },
);

it("is the same in raster order as where nothing comes first", () => {
  const config = smallConfig({ order: "random" });
  const level = { codes: 4, rows: ROWS, columns: COLUMNS };
  const weights = livelyWeights(config, { levels: [level], classes: 0 });
  const params = mapRecord(weights, ({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
  const embedded = tf.randomNormal([1, ROWS, COLUMNS, config.width], 0, 1, "float32", 1);
  const nothing = tf.zeros([1, ROWS, COLUMNS], "int32");
  const [inRaster, withNothing] = [undefined, nothing].map((known) =>
    features(config, level, params, embedded, { known }),
  );
  expect(tf.max(tf.abs(tf.sub(inRaster!, withNothing!))).arraySync()).toBeLessThan(1e-5);
});
