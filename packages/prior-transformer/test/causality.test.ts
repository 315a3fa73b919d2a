import "@slicebook/core";
import "@tensorflow/tfjs-backend-cpu";
import { mapRecord } from "@slicebook/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
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

it.each([
  { layers: 1, window: 1 },
  { layers: 2, window: 2 },
  { layers: 1, window: 99 },
])("every code before it within reach moves the logits of a position, and no other one: %j", (sizes) => {
  const config = smallConfig(sizes);
  const level = { codes: 4, rows: ROWS, columns: COLUMNS };
  const weights = livelyWeights(config, { levels: [level], classes: 0 });
  const params = mapRecord(weights, ({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
  const shape: [number, number, number, number] = [1, ROWS, COLUMNS, config.width];
  // The input's neighbours lie one row above what a layer's window ends with.
  const reach = 1 + sizes.layers * sizes.window;
  for (const [row, column] of positions) {
    const gradient = tf.tidy(() => {
      const embedded = tf.sin(tf.reshape(tf.range(0, ROWS * COLUMNS * config.width), shape));
      const at = (x: tf.Tensor) => {
        const logits = head(params, features(config, level, params, x));
        return tf.sum(tf.square(tf.slice(logits, [row * COLUMNS + column, 0], [1, -1])));
      };
      return tf.max(tf.abs(tf.grad(at)(embedded)), [0, 3]).arraySync() as number[][];
    });
    const seen = positions.filter(([r, c]) => gradient[r]![c] !== 0);
    expect(seen).toEqual(
      positions.filter(([r, c]) => (r < row || (r === row && c < column)) && r >= row - reach),
    );
  }
});
